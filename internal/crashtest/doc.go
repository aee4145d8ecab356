// Package crashtest kills a dialing process with SIGKILL at the worst moments and looks
// at what another makes of what it left: that nobody is dialed twice, and that nothing
// is stuck.
//
// The test binary runs itself as that process. The carrier is the parent's, so that it
// outlives the process as a real one would; it is asked over HTTP.
package crashtest
