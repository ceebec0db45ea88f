// Package audit keeps one append-only table: who looked at what, who did what.
// Each entry's hash covers the entry before, so that a change, a gap or a
// swap shows, and Verify names the first bad entry. A cut at the end shows
// against a Head that was noted elsewhere. No code changes or deletes an entry,
// and triggers refuse it to everybody else.
//
// A sensitive action is refused when its entry cannot be written: Append comes
// first, or its error undoes the action.
package audit
