package main

import (
	"errors"
	"fmt"

	"github.com/outdial/outdial"
	"github.com/outdial/outdial/suppression"
)

// purgeCommand takes everybody out of the queues who must not be called.
type purgeCommand struct{ database }

// Run prints how many items were failed, as JSON. A purge that stops half way prints both
// its result and its error.
func (c *purgeCommand) Run(t *terminal) (err error) {
	st, err := c.openExisting(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	result, err := suppression.New(st, suppression.Config{Clock: t.clock}).Purge(t.ctx, outdial.System())
	if err != nil {
		err = fmt.Errorf("purge: %w", err)
	}
	if err == nil || result != (suppression.Purged{}) {
		err = errors.Join(err, printJSON(t, result))
	}
	return err
}
