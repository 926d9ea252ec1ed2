"""What a plugin implements and may import: the domain, its capabilities, and the types that they exchange."""
