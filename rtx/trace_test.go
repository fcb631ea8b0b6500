package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// everyHook returns a Trace all of whose hooks call f, with the hook's name and its info.
func everyHook(f func(hook string, info any)) *rtx.Trace {
	t := new(rtx.Trace)
	v := reflect.ValueOf(t).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).Kind() == reflect.Func {
			v.Field(i).Set(reflect.MakeFunc(v.Field(i).Type(), func(args []reflect.Value) []reflect.Value {
				f(name, args[0].Interface())
				return nil
			}))
		}
	}
	return t
}

// hooks are the names of all hooks.
func hooks() (names []string) {
	for f := range reflect.TypeFor[rtx.Trace]().Fields() {
		if f.Type.Kind() == reflect.Func {
			names = append(names, f.Name)
		}
	}
	return names
}

// A life is one in which every hook is called. Its steps go on whatever the hooks do to the client.
func life(t *testing.T, s *testserver.Server, c *rtx.Client) {
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		return ctx
	}
	s.RefuseNext(1)
	_ = c.Connect(soon())
	_ = c.Connect(soon())
	stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n", rtx.WithBuffer(10))
	_ = stream.Ready(soon())
	s.Deny("b", "not for you", 4009)
	_, _ = c.Channel("b").Subscribe(soon())
	private := c.Channel("private-p")
	_, _ = private.Subscribe(soon())
	_ = private.Trigger(soon(), "client-typing", numbered{1})
	s.Publish("a", "other", numbered{1})
	publish(s, "a", 1, 2, 3, 4, 5, 6, 7, 8, 9)
	take(stream)

	time.Sleep(time.Minute)
	s.DropAll(testserver.Reset) // recovered
	time.Sleep(time.Minute)
	s.Restart(testserver.Forget)
	time.Sleep(time.Minute)
	take(stream)
	_ = c.Close()
}

// take takes what a stream has.
func take(s *rtx.Stream[numbered]) {
	for range s.Pending() {
	}
}

func TestTraceOfALife(t *testing.T) {
	const want = `
DialStart {Attempt:1 Resume:false}
DialDone 1 upgrade resumed=false "503"
DialStart {Attempt:1 Resume:false}
DialDone 1  resumed=false ""
Connected {Attempt:1 Recovery:none Down:0s}
SubscribeStart {Channel:a Again:false}
Subscribed {Channel:a Duration:0s Again:false}
SubscribeStart {Channel:b Again:false}
SubscribeFailed b retry=false after=0s "not for you"
Authorized [private-p] failed=0 ""
SubscribeStart {Channel:private-p Again:false}
Subscribed {Channel:private-p Duration:0s Again:false}
Sent {Channel:private-p Event:client-typing Size:7}
Unclaimed {Channel:a Event:other}
Slow {ID:1 Name:a/n Depth:8 Capacity:10 Share:0.8}
Lost "lost"
DialStart {Attempt:1 Resume:true}
DialDone 1  resumed=true ""
Connected restored
SubscribeStart {Channel:a Again:true}
SubscribeStart {Channel:private-p Again:true}
Subscribed {Channel:a Duration:0s Again:true}
Subscribed {Channel:private-p Duration:0s Again:true}
Lost "lost"
DialStart {Attempt:1 Resume:true}
DialDone 1  resumed=false ""
Connected refused
SubscribeStart {Channel:a Again:true}
Subscribed {Channel:a Duration:0s Again:true}
Authorized [private-p] failed=0 ""
SubscribeStart {Channel:private-p Again:true}
Subscribed {Channel:private-p Duration:0s Again:true}
Gap 1 a/n reconnected
Lost "closed"
Closed {Err:<nil>}
`
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		var lines []string
		words := func(err error) string {
			for _, w := range []string{"503", "not for you", "closed", "lost", "disconnected"} {
				if err != nil && strings.Contains(err.Error(), w) {
					return w
				}
			}
			return fmt.Sprint(err)[:min(len(fmt.Sprint(err)), 80)]
		}
		slowly := auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			time.Sleep(time.Second) // so that its answer comes after that of channel a
			return s.Signer().Private(r.SocketID, r.Channel)
		})
		c := newClient(t, s, rtx.WithAuth(slowly), rtx.WithTrace(everyHook(func(hook string, info any) {
			text := fmt.Sprintf("%+v", info)
			quoted := func(err error) string {
				if err == nil {
					return `""`
				}
				return fmt.Sprintf("%q", words(err))
			}
			switch i := info.(type) {
			case rtx.DialDoneInfo:
				text = fmt.Sprint(i.Attempt, " ", i.Step, " resumed=", i.Resumed, " ", quoted(i.Err))
			case rtx.ConnectedInfo:
				if i.Down > 0 {
					text = string(i.Recovery) // the delay is random
				}
			case rtx.LostInfo:
				text = quoted(i.Err)
			case rtx.SubscribeFailedInfo:
				text = fmt.Sprint(i.Channel, " retry=", i.Retry, " after=", i.After, " ", quoted(i.Err))
			case rtx.AuthorizedInfo:
				text = fmt.Sprint(i.Channels, " failed=", i.Failed, " ", quoted(i.Err))
			case rtx.GapInfo:
				text = fmt.Sprint(i.ID, " ", i.Name, " ", gapName(&i.Gap))
			}
			mu.Lock()
			lines = append(lines, hook+" "+text)
			mu.Unlock()
		})))
		life(t, s, c)
		got := "\n" + strings.Join(lines, "\n") + "\n"
		if got != want {
			t.Errorf("got%s\nwant%s", got, want)
		}
	}, testserver.WithRecovery(time.Hour))
}

// A hook may call every method of the client, of which some wait: they are given a context that has
// ended. No lock is held, no hook is called within itself, and the client goes on.
func TestHooksMayCallTheClient(t *testing.T) {
	for _, hook := range hooks() {
		t.Run(hook, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				var c *rtx.Client
				var mu sync.Mutex
				within, called := false, 0
				c = newClient(t, s, signing(s), rtx.WithTrace(everyHook(func(name string, info any) {
					mu.Lock()
					defer mu.Unlock()
					if within && !atOnce(name) && !atOnce(hook) {
						t.Errorf("%s is called within another", name)
					}
					if name != hook {
						return
					}
					if called++; called > 1 {
						return
					}
					within = true
					mu.Unlock()
					client := reflect.ValueOf(c)
					for i := range client.NumMethod() {
						if method := client.Type().Method(i).Name; method != "Close" || hook == "Closed" {
							callZero(client.Method(i), canceled(errors.New("over")))
						}
					}
					_ = subscribe(canceled(nil), c.Channel("more"))
					_ = c.ForceUnsubscribe("a")
					mu.Lock()
					within = false
				})))
				life(t, s, c)
				if called == 0 {
					t.Error("it was not called")
				}
			}, testserver.WithRecovery(time.Hour))
		})
	}
}

// atOnce reports whether a hook is called by the goroutine that causes it, beside the others.
func atOnce(hook string) bool {
	return slices.Contains([]string{"Gap", "Sent", "Unclaimed", "Slow"}, hook)
}

// A hook that panics is logged, and keeps neither
// the other hooks nor the client from anything.
func TestAHookThatPanics(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log lockedBuffer
		var before, after []string
		var mu sync.Mutex
		note := func(to *[]string) *rtx.Trace {
			return everyHook(func(hook string, _ any) {
				mu.Lock()
				defer mu.Unlock()
				*to = append(*to, hook)
			})
		}
		c := newClient(t, s, signing(s), rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), rtx.WithTrace(note(&before)),
			rtx.WithTrace(everyHook(func(hook string, _ any) { panic("in " + hook) })), rtx.WithTrace(note(&after)))
		life(t, s, c)
		if !slices.Equal(before, after) || len(before) < len(hooks()) {
			t.Errorf("the hooks before it: %v\nand after it: %v", before, after)
		}
		for _, hook := range hooks() {
			if n := strings.Count(log.String(), "hook="+hook+" "); n != times(before, hook) || n == 0 {
				t.Errorf("%s panicked %d times in the log, and was called %d times", hook, n, times(before, hook))
			}
		}
	}, testserver.WithRecovery(time.Hour))
}

func times(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// The hooks of several traces are called in the order of their options, for each thing in turn. A
// Trace is copied, and may have no hook at all.
func TestTracesCompose(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var got []string
		add := func(name string) *rtx.Trace {
			return &rtx.Trace{
				DialStart: func(rtx.DialStartInfo) { got = append(got, name+" dials") },
				Connected: func(rtx.ConnectedInfo) { got = append(got, name+" is connected") },
			}
		}
		first := add("1")
		c := newClient(t, s, rtx.WithTrace(first), rtx.WithTrace(new(rtx.Trace)), rtx.WithTrace(add("2")))
		first.Connected = nil
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"1 dials", "2 dials", "1 is connected", "2 is connected"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
	for _, bad := range []*rtx.Trace{nil, {SlowShare: -0.1}, {SlowShare: 1.1}} {
		_, err := rtx.New("key", rtx.WithTrace(bad))
		if o, ok := errors.AsType[*rtx.OptionError](err); !ok || o.Option != "WithTrace" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// No info has a secret in it, whatever goes wrong.
func TestNoSecretIsTraced(t *testing.T) {
	const key, secret, member = "key-3f9a27c1", "secret-77aa01", "member-5d20be"
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		var text strings.Builder
		secrets := []string{key, secret, member}
		seen := make(map[string]bool)
		authorizer := auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			g, err := s.Signer().Presence(r.SocketID, r.Channel, `{"user_id":"`+member+`"}`)
			if !r.Presence() {
				g, err = s.Signer().Private(r.SocketID, r.Channel)
			}
			mu.Lock()
			defer mu.Unlock()
			secrets = append(secrets, g.Auth[strings.Index(g.Auth, ":")+1:], r.SocketID)
			if strings.HasSuffix(r.Channel, "-no") {
				return auth.Grant{}, fmt.Errorf("no grant for %s with %s", r.SocketID, key)
			}
			return g, err
		})
		c := newClient(t, s, rtx.WithAuth(authorizer), rtx.WithTrace(everyHook(func(hook string, info any) {
			mu.Lock()
			defer mu.Unlock()
			seen[hook] = true
			for _, v := range reflect.ValueOf(info).Fields() {
				fmt.Fprintf(&text, "%v\n%+v\n%#v\n", v, v, v)
				for err, ok := reflect.TypeAssert[error](v); ok && err != nil; err = errors.Unwrap(err) {
					fmt.Fprintf(&text, "%s: %v %+v %#v\n", hook, err, err, err)
				}
			}
		})))
		_ = rtx.On[numbered](t.Context(), c.Channel("presence-x"), "n")
		_ = rtx.On[numbered](t.Context(), c.Channel("private-no"), "n")
		s.Deny("private-d", "no "+key, 4009)
		_ = rtx.On[numbered](t.Context(), c.Channel("private-d"), "n")
		life(t, s, c)
		mu.Lock()
		defer mu.Unlock()
		if len(seen) != len(hooks()) || len(secrets) < 6 {
			t.Fatalf("told of %v", seen)
		}
		for _, hidden := range secrets {
			if i := strings.Index(text.String(), hidden); hidden != "" && i >= 0 {
				t.Errorf("%q is in: …%s…", hidden, text.String()[max(0, i-200):min(text.Len(), i+100)])
			}
		}
	}, testserver.WithKey(key), testserver.WithSecret(secret), testserver.WithRecovery(time.Hour))
}

// Times are exact: since the request, since Connected, since Lost.
func TestTracedTimes(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var got []string
		add := func(d time.Duration, format string, args ...any) {
			got = append(got, fmt.Sprintf(format, args...)+" "+d.String())
		}
		c := newClient(t, s, rtx.WithTrace(&rtx.Trace{
			DialDone:   func(i rtx.DialDoneInfo) { add(i.Duration, "dial") },
			Subscribed: func(i rtx.SubscribedInfo) { add(i.Duration, "subscribed again=%t", i.Again) },
			SubscribeFailed: func(i rtx.SubscribeFailedInfo) {
				add(i.After, "failed retry=%t timeout=%t", i.Retry, errors.Is(i.Err, rtx.ErrSubscribeTimeout))
			},
			Lost: func(i rtx.LostInfo) { add(i.Up, "lost") },
		}))
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		release := s.HoldConfirmations()
		stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		time.Sleep(13 * time.Second)
		release()
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s.DropAll(testserver.Disconnect)
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []string{"dial 0s", "failed retry=true timeout=true 0s", "subscribed again=false 3s", "lost 15s", "dial 0s", "subscribed again=true 0s"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

// Gap is called once for each gap that a reader takes, in whichever way, and has the counts that the
// reader has. Slow is called once for each time that the buffer fills up.
func TestTracedLosses(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var gaps []rtx.Gap
		var slow []int
		c := connect(t, s, rtx.WithTrace(&rtx.Trace{
			Gap:       func(i rtx.GapInfo) { gaps = append(gaps, i.Gap) },
			Slow:      func(i rtx.SlowInfo) { slow = append(slow, i.Depth) },
			SlowShare: 0.5,
		}))
		stream := opened[numbered](t, c.Channel("a"), "n", rtx.WithBuffer(8))
		var read []rtx.Gap
		rounds := []func(){
			func() {
				for _, g := range stream.Pending() {
					if g != nil {
						read = append(read, *g)
					}
				}
			},
			func() {
				for range 8 {
					<-stream.C
				}
				for g := range stream.Gaps() {
					read = append(read, *g)
				}
			},
			func() {
				n := 0
				for vs, g := range rtx.Batches(stream, 8, 0) {
					if g != nil {
						read = append(read, *g)
					}
					if n += len(vs); n == 8 {
						return
					}
				}
			},
		}
		for _, round := range rounds {
			publish(s, "a", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) // three too many
			if len(gaps) != len(read) {
				t.Error("a gap is told that nobody has taken")
			}
			round()
		}
		if !slices.Equal(gaps, read) || len(read) != 3 || read[1].Dropped != 3 {
			t.Errorf("told %v, read %v", gaps, read)
		}
		publish(s, "a", 1, 2, 3, 4, 5)
		<-stream.C
		<-stream.C
		<-stream.C // 2 are left: not less than half of 4
		publish(s, "a", 6, 7, 8)
		if want := []int{4, 4, 4, 4}; !slices.Equal(slow, want) {
			t.Errorf("slow at %v, want %v", slow, want)
		}
	})
}

// The answers of a batch are told at once, with those that failed.
func TestTracedBatch(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var got []rtx.AuthorizedInfo
		denied := errors.New("not yours")
		signer := s.Signer().Authorizer(auth.Member{})
		authorizer := bulk{
			Authorizer: signer,
			window:     func() (time.Duration, int) { return time.Second, 3 },
			batch: func(ctx context.Context, rs []auth.Request) (outs []auth.Outcome) {
				time.Sleep(time.Second)
				for _, r := range rs {
					g, err := signer.Authorize(ctx, r)
					if r.Channel == "private-2" {
						err = denied
					}
					outs = append(outs, auth.Outcome{Grant: g, Err: err})
				}
				return outs
			},
		}
		c := newClient(t, s, rtx.WithAuth(authorizer), rtx.WithTrace(&rtx.Trace{
			Authorized: func(i rtx.AuthorizedInfo) { got = append(got, i) },
		}))
		for _, name := range []string{"private-1", "private-2", "private-3"} {
			_ = rtx.On[numbered](t.Context(), c.Channel(name), "n")
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(got) != 1 {
			t.Fatalf("got %+v", got)
		}
		i := got[0]
		if !slices.Equal(i.Channels, []string{"private-1", "private-2", "private-3"}) || i.Duration != time.Second || i.Failed != 1 || !errors.Is(i.Err, denied) {
			t.Errorf("got %+v", i)
		}
		if e, ok := errors.AsType[*rtx.SubscribeError](i.Err); !ok || e.Channel != "private-2" {
			t.Errorf("got %v", i.Err)
		}
	})
}
