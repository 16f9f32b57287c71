"""Applications that show how Prooftrail is used; a team copies from them."""
