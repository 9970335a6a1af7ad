// Package auth says who may do what: users and their roles, passwords, the
// tokens that stand for a session, and the throttle on guessing. It knows
// neither how tokens travel nor where users are stored.
//
// The one rule: every door asks a permission by name; nobody asks for a role.
package auth

import (
	"errors"
	"slices"
)

// Permission is one right.
type Permission string

const (
	MakeCalls    Permission = "voice.make_calls"
	ReceiveCalls Permission = "voice.receive_calls"
	History      Permission = "voice.history"     // own calls
	HistoryAll   Permission = "voice.history_all" // everybody's calls
	UseAssistant Permission = "ai.assist"
	ReadCRM      Permission = "crm.read"
	ManageTenant Permission = "tenant.manage"
	// DeleteRecordings removes sound for good.
	DeleteRecordings Permission = "voice.delete_recordings"
)

// Role is a named set of permissions.
type Role string

const (
	Agent      Role = "agent"
	Supervisor Role = "supervisor"
	Admin      Role = "admin"
)

var desk = []Permission{MakeCalls, ReceiveCalls, History, UseAssistant, ReadCRM}

var permissions = map[Role][]Permission{
	Agent:      desk,
	Supervisor: append(slices.Clone(desk), HistoryAll),
	Admin:      append(slices.Clone(desk), HistoryAll, ManageTenant, DeleteRecordings),
}

// ParseRole accepts the names of the roles.
func ParseRole(s string) (Role, error) {
	if _, ok := permissions[Role(s)]; !ok {
		return "", errors.New("a role is agent, supervisor or admin")
	}
	return Role(s), nil
}

// May reports whether the role has the permission.
func (r Role) May(p Permission) bool { return slices.Contains(permissions[r], p) }

// Permissions lists the rights of the role.
func (r Role) Permissions() []Permission { return slices.Clone(permissions[r]) }
