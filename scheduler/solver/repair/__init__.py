"""The repair oracle: the best ways to hold one request in a plan, with what each moves and is worth."""
