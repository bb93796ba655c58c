break nowhere
