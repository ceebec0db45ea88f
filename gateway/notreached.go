package gateway

import "errors"

// ErrNotReached says that the citizen did not answer a call of ours: busy, no
// answer, or no way.
var ErrNotReached = errors.New("gateway: the citizen was not reached")
