package desk

import (
	"errors"
	"net/http"
	"unicode/utf8"

	"hotline/contact"
	"hotline/people"
)

type signInBody struct {
	Account  string `json:"account"`
	Password string `json:"password"`
}

// accountBody is who is signed in.
type accountBody struct {
	Account contact.AgentID `json:"account"`
	Name    string          `json:"name"`
	Role    people.Role     `json:"role"`
	Skills  []string        `json:"skills"`
}

func bodyOf(a people.Account) accountBody {
	return accountBody{Account: a.ID, Name: a.Name, Role: a.Role, Skills: append([]string{}, a.Skills...)}
}

func (b signInBody) check() error {
	if b.Account == "" || utf8.RuneCountInString(b.Account) > 64 {
		return wrongField("account", "账号为 1 至 64 个字符 / 1 to 64 characters")
	}
	if b.Password == "" || utf8.RuneCountInString(b.Password) > 256 {
		return wrongField("password", "密码为 1 至 256 个字符 / 1 to 256 characters")
	}
	return nil
}

func (d *Desk) signIn(x *exchange) error {
	if !d.signIns.allow(remote(x.r)) {
		return problem(RateLimited, "登录过于频繁,请稍后再试 / too many attempts, try later")
	}
	var b signInBody
	if err := x.read(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	session, err := d.o.People.SignIn(x.r.Context(), contact.AgentID(b.Account), b.Password, address(x.r))
	if err != nil {
		return signInProblem(err)
	}
	http.SetCookie(x.w, cookie(session.Token.Reveal(), 0))
	return x.ok(bodyOf(session.Account))
}

func signInProblem(err error) error {
	var locked people.ErrLocked
	switch {
	case errors.As(err, &locked):
		return &Problem{Code: Locked, Message: "账号已锁定,请稍后再试 / locked, try later", Until: stamp(locked.Until), Cause: err}
	case errors.Is(err, people.ErrCredentials), errors.Is(err, people.ErrDisabled):
		return &Problem{Code: Unauthenticated, Message: "账号或密码错误 / wrong account or password", Cause: err}
	default:
		return &Problem{Code: Unavailable, Message: "暂时无法登录 / sign-in is not available", Cause: err}
	}
}

// cookie carries the token; maxAge -1 takes it away.
func cookie(token string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

func (d *Desk) whoAmI(x *exchange) error { return x.ok(bodyOf(x.who)) }

func (d *Desk) signOut(x *exchange) error {
	c, err := x.r.Cookie(cookieName)
	if err != nil {
		return unauthenticated(err)
	}
	if err := d.o.People.SignOut(x.r.Context(), c.Value, address(x.r)); err != nil && !errors.Is(err, people.ErrNoSession) {
		return &Problem{Code: Unavailable, Message: "暂时无法退出 / sign-out is not available", Cause: err}
	}
	if s := d.seat(x.who.ID); s != nil {
		s.post(func() { s.kick(c.Value, kickedSignedOut) })
	}
	http.SetCookie(x.w, cookie("", -1))
	x.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *Desk) document(x *exchange) error {
	x.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = x.w.Write(d.openapi)
	return nil
}
