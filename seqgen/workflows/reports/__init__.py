"""What people are shown: baselines, copied passages, the web page of samples."""
