// Package prompt plays announcements and music: one goroutine and one clock for
// all that is played in the house, audio that is loaded once and shared by
// every listener, and the files of the standard announcements.
package prompt
