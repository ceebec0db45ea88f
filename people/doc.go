// Package people keeps the accounts of those who work here: who they are, how
// they sign in, which desk sessions are open. Accounts stand in SQL, sessions
// and the counts of wrong passwords in Redis (redissessions). It tells a
// Journal each sign-in, failure, lockout and sign-out.
package people
