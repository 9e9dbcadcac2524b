package desk

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/auth/login"
)

// pathAuth begins the paths of log-in; the cookie goes to no other.
const pathAuth = "/v1/auth"

// cookieRefresh names the cookie of the refresh token. Scripts cannot read it,
// and no other site's page can send it.
const cookieRefresh = "huawu-refresh"

type loginInput struct {
	clientAddress
	Body struct {
		Tenant   string `json:"tenant" minLength:"1" maxLength:"32" example:"demo"`
		Username string `json:"username" minLength:"1" maxLength:"64" doc:"Capitals do not matter"`
		Password string `json:"password" minLength:"1" maxLength:"256" format:"password" writeOnly:"true"`
	}
}

// clientAddress is the part of a request that says where it comes from.
type clientAddress struct{ address string }

// Resolve takes the address from the request. It is called by huma.
func (in *clientAddress) Resolve(ctx huma.Context) []error {
	at := ctx.RemoteAddr()
	if host, _, err := net.SplitHostPort(at); err == nil {
		at = host
	}
	in.address = at
	return nil
}

type cookieInput struct {
	Refresh string `cookie:"huawu-refresh" doc:"Set by log-in and by each refresh"`
}

// LoggedIn is the access token of who logged in.
type LoggedIn struct {
	Access  string    `json:"accessToken" doc:"For the Authorization header, as Bearer"`
	Seconds int       `json:"expiresIn" doc:"Seconds until the access token ends; refresh before"`
	Until   time.Time `json:"sessionUntil" doc:"When the session ends, if it is not refreshed before"`
	Tenant  string    `json:"tenant"`
	Agent   string    `json:"agentId"`
	Role    string    `json:"role" enum:"agent,supervisor,admin"`
}

type loggedIn struct {
	Cookie http.Cookie `header:"Set-Cookie" doc:"The refresh token: HttpOnly, SameSite=Strict"`
	Body   LoggedIn
}

type loggedOut struct {
	Cookie http.Cookie `header:"Set-Cookie" doc:"Takes the refresh token away"`
}

func (d *Desk) registerLogin(api huma.API) {
	post := func(id, verb, summary string, status int) operation {
		return operation{id, http.MethodPost, pathAuth + "/" + verb, summary, "", status}
	}
	fails := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable}
	registerFailing(d, api, post("logIn", "login", "Log in by name and password", http.StatusOK), append(fails, http.StatusTooManyRequests),
		func(ctx context.Context, _ auth.Identity, in *loginInput) (*loggedIn, error) {
			s, err := d.login.Enter(ctx, login.Attempt{Tenant: in.Body.Tenant, Username: in.Body.Username, Password: in.Body.Password, Address: in.address})
			if err != nil {
				return nil, d.notIn(err)
			}
			return d.in(s), nil
		})
	registerFailing(d, api, post("refresh", "refresh", "Get the next access token, and the next refresh token", http.StatusOK), fails,
		func(ctx context.Context, _ auth.Identity, in *cookieInput) (*loggedIn, error) {
			s, err := d.login.Refresh(ctx, in.Refresh)
			if err != nil {
				return nil, d.notIn(err)
			}
			return d.in(s), nil
		})
	registerFailing(d, api, post("logOut", "logout", "End the session of this browser", http.StatusNoContent), fails[1:],
		func(ctx context.Context, _ auth.Identity, in *cookieInput) (*loggedOut, error) {
			if err := d.login.Leave(ctx, in.Refresh); err != nil {
				return nil, err
			}
			return &loggedOut{d.cookie("", -1)}, nil
		})
}

func (d *Desk) in(s login.Session) *loggedIn {
	now := d.now()
	left := func(t time.Time) int { return max(1, int(t.Sub(now)/time.Second)) }
	return &loggedIn{Cookie: d.cookie(s.Refresh, left(s.Until)),
		Body: LoggedIn{Access: s.Access, Seconds: left(s.Who.Expires), Until: s.Until, Tenant: s.Who.Tenant, Agent: s.Who.Agent, Role: string(s.Who.Role)}}
}

// cookie is the refresh token's; seconds below 0 take it away.
func (d *Desk) cookie(value string, seconds int) http.Cookie {
	return http.Cookie{Name: cookieRefresh, Value: value, Path: pathAuth, MaxAge: seconds, HttpOnly: true, Secure: !d.local, SameSite: http.SameSiteStrictMode}
}

// notIn makes the error of a log-in or refresh a problem.
func (d *Desk) notIn(err error) error {
	var wait *login.Wait
	switch {
	case errors.As(err, &wait):
		seconds := strconv.Itoa(int(math.Ceil(wait.For.Seconds())))
		return huma.ErrorWithHeaders(huma.NewError(http.StatusTooManyRequests, "too many attempts; try again in "+seconds+" seconds"), http.Header{"Retry-After": {seconds}})
	case errors.Is(err, login.ErrWrong):
		return huma.ErrorWithHeaders(huma.NewError(http.StatusUnauthorized, "the name or the password is wrong"), http.Header{"WWW-Authenticate": {"Bearer"}})
	case errors.Is(err, login.ErrSession):
		gone := d.cookie("", -1)
		return huma.ErrorWithHeaders(huma.NewError(http.StatusUnauthorized, "log in again: the session is over"), http.Header{"WWW-Authenticate": {"Bearer"}, "Set-Cookie": {gone.String()}})
	}
	return err
}

// sameSite refuses a request to log-in that another site's page has sent: it
// would log a person in as someone else, or out. The rest of the API needs a
// token that only our own page can add.
func sameSite(next http.Handler) http.Handler {
	check := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, pathAuth+"/") && check.Check(r) != nil {
			writeProblem(w, http.StatusForbidden, "not from another site")
			return
		}
		next.ServeHTTP(w, r)
	})
}
