// Package contact holds the words the whole house shares: the contact itself,
// the channel it came on, the masked address, the medium that carries it and
// the cause of its ending. It imports the standard library only.
package contact
