package outdial

import (
	"fmt"
	"io"
)

// formatRedacted implements fmt.Formatter for a text that must not be printed:
// masked stands for it under every verb and with every flag, and source under
// %#v. Without it, a verb that is meant for another type prints the text in full,
// inside fmt's complaint about the verb.
func formatRedacted(f fmt.State, verb rune, masked, source string) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, source)
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), masked)
}
