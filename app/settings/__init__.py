"""What an operator can set, typed, checked at start-up, each refusal naming the setting and what to do."""
