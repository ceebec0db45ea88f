// Package redisdrafts keeps the saved forms of open contacts in Redis, under
// the hall's hash tag, for 7 days after the last save.
package redisdrafts
