// Package crm is the address book: whom the desk knows.
package crm

// Contact is a person the tenant knows.
type Contact struct {
	ID      string
	Name    string
	Company string
	Phone   string // E.164, or empty
	Email   string
	Notes   string
}
