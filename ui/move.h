/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The movements every panel and pop-up knows. */
#pragma once

enum move { MOVE_UP, MOVE_DOWN, MOVE_PAGE_UP, MOVE_PAGE_DOWN, MOVE_HOME, MOVE_END, MOVE_LEFT, MOVE_RIGHT };
