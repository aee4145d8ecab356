package dialer_test

import "github.com/google/uuid"

// The people and things that the tests are about.
var (
	campaignID = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000c")
	agentID    = uuid.MustParse("0190c6f4-0000-7000-8000-00000000000a")
	itemID     = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000e1")
	contactID  = uuid.MustParse("0190c6f4-0000-7000-8000-0000000000c1")
)
