package callbackstest_test

import (
	"testing"

	"hotline/callbacks"
	"hotline/callbacks/callbackstest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	callbackstest.Suite(t, func(*testing.T) callbacks.Store { return &callbackstest.Store{} })
}
