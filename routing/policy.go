package routing

// Policy is who serves what, and when.
type Policy struct{}
