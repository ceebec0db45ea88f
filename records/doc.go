// Package records keeps what happened: one record a contact, its events, and
// the figures computed from them. Records outlive the queue; they are written
// by sessions and read by desks, supervisors and reports.
package records
