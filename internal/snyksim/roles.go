package snyksim

import "fmt"

// roleNames are the roles that members and role changes name.
var roleNames = []string{"Org Admin", "Org Collaborator", "Security Champion", "Read only auditor"}

// roleID is the public id of a role: the same name has the same id everywhere.
func roleID(name string) string {
	h := hash32(name)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", h, h>>16, h&0xfff, (h>>8)&0xfff, uint64(h)*0x9e3779b1&0xffffffffffff)
}
