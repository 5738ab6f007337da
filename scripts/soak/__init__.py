"""What takes longer than a measure: an opening that everybody waited for, and half an hour of an ordinary busy day."""
