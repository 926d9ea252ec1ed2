"""What is measured of pieces: musical statistics, and what makes two pieces the same."""
