"""What a person can ask for as a whole, such as erasure: use cases over everything the vault holds of them."""
