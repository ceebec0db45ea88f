package people

import (
	"fmt"
	"slices"
	"strings"

	"hotline/contact"
)

// Account is a person who works here.
type Account struct {
	ID       contact.AgentID
	Name     string
	Role     Role
	Skills   []string // names of the groups the person serves in
	Disabled bool
}

// Role says what an account may do.
type Role string

// The roles, each with the rights of those before it.
const (
	Agent         Role = "agent"
	Supervisor    Role = "supervisor"
	Administrator Role = "administrator"
)

// Roles lists all roles.
func Roles() []Role { return []Role{Agent, Supervisor, Administrator} }

// UnmarshalText reads a role's name.
func (r *Role) UnmarshalText(text []byte) error {
	if !slices.Contains(Roles(), Role(text)) {
		return fmt.Errorf("want agent, supervisor or administrator")
	}
	*r = Role(text)
	return nil
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz0123456789_-"
	letter = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ."
)

// validID holds an account's ID to what is safe in keys, logs and addresses.
func validID(id contact.AgentID) bool { return word(string(id), 64, letter) }

func word(s string, longest int, allowed string) bool {
	return s != "" && len(s) <= longest && strings.Trim(s, allowed) == ""
}
