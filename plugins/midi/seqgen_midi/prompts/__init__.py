"""What sampling starts from: pieces that are continued, filled in, varied, harmonised or accompanied."""
