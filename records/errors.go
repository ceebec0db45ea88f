package records

import "errors"

// ErrNotFound says that there is no record of the contact.
var ErrNotFound = errors.New("records: not found")
