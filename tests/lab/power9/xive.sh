#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The native XIVE device: created, connected, a source of it masked (PQ=01) and armed through its pages.
tests/lab/power9/hv xive
