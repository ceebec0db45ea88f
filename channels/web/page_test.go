package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hotline/channels"
	"hotline/contact"
)

const pageLimit = 25 << 10

func TestThePageIsSmall(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("page/*")
	must(t, err)
	var packed bytes.Buffer
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(t, err)
		z := gzip.NewWriter(&packed)
		_, err = z.Write(text)
		must(t, err)
		must(t, z.Close())
	}
	if packed.Len() > pageLimit {
		t.Errorf("%d bytes gzipped, want at most %d", packed.Len(), pageLimit)
	}
}

// browser is a Chromium at the page of a house.
type browser struct {
	*testing.T
	ctx    context.Context
	h      *house
	url    string
	cut    atomic.Bool // the network
	mu     sync.Mutex
	conns  []net.Conn
	faults []string
}

func openPage(t *testing.T, h *house, width, height int) *browser {
	t.Helper()
	b := &browser{T: t, h: h}
	s := httptest.NewUnstartedServer(http.HandlerFunc(b.serve))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.conns = append(b.conns, c)
		return ctx
	}
	s.Start()
	t.Cleanup(s.Close)
	t.Cleanup(func() { b.setLine(false) })
	b.url = s.URL + "/chat/"
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("/usr/bin/chromium"),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("lang", "zh-CN"), chromedp.WindowSize(width, height))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	b.ctx = tab
	must(t, chromedp.Listen(tab, b.listen))
	b.run(chromedp.EmulateViewport(int64(width), int64(height)), chromedp.Navigate(b.url))
	return b
}

// serve is the house as long as the line holds; the page itself is cached.
func (b *browser) serve(w http.ResponseWriter, r *http.Request) {
	if b.cut.Load() && strings.HasPrefix(r.URL.Path, "/chat/v1/") {
		panic(http.ErrAbortHandler)
	}
	b.h.web.Handler().ServeHTTP(w, r)
}

// setLine cuts the network, with all that is open, or mends it.
func (b *browser) setLine(up bool) {
	b.cut.Store(!up)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !up {
		for _, c := range b.conns {
			_ = c.Close()
		}
		b.conns = nil
	}
}

// listen notes what must not happen.
func (b *browser) listen(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity {
			b.faults = append(b.faults, e.Entry.Text)
		}
	}
}

func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

func eval[T any](b *browser, script string, more ...chromedp.EvaluateOption) T {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, more...))
	if err != nil {
		b.Fatalf("%s: %v", script, err)
	}
	return got
}

// sees waits until the script says true.
func (b *browser) sees(script string) {
	b.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[chromedp.Void](script, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(50*time.Millisecond))); err != nil {
		b.Fatalf("never so: %s: %v\n%s", script, err, eval[string](b, "document.body.innerText"))
	}
}

// key presses as an input method does: what the key means is not known yet.
func key(p input.DispatchKeyEventParams) chromedp.Action[chromedp.Void] {
	return command(input.DispatchKeyEvent, p)
}

func command[P any](c cdp.Command[P, cdp.Empty], p P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, p)
		return err
	})
}

func css(s string) chromedp.CSS { return chromedp.CSS(s) }

func (b *browser) shows(where, text string) {
	b.Helper()
	b.sees("document.querySelector('" + where + "')?.innerText.includes('" + text + "')")
}

func (b *browser) types(text string) {
	b.Helper()
	b.run(chromedp.SendKeys(css("#text"), text))
}

func (b *browser) isSound() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.Errorf("the page: %s", f)
	}
}

func TestThePageHoldsAConversation(t *testing.T) {
	h := newWorld(t).node("n1")
	b := openPage(t, h, 360, 740)
	b.shows("#status", "您好")
	b.sees("document.querySelectorAll('#topic option').length === 2")
	b.run(chromedp.SetValue(css("#topic"), "heating"))
	b.types("家里没有暖气" + kb.Enter)
	c := h.conversation()
	if m := said(t, c); m.Text != "家里没有暖气" || c.Arrival().Topic != "heating" {
		t.Errorf("heard %+v about %s", m, c.Arrival().Topic)
	}
	b.sees("document.querySelectorAll('.citizen').length === 1 && !document.querySelector('.pending')")
	b.sees("document.querySelector('#text').value === ''")
	must(t, c.Show(t.Context(), channels.Place{Place: 3, Known: true, Low: 2, High: 5}))
	b.shows("#status", "您前面还有 3 位。 预计等待 2–5 分钟。")
	must(t, c.Show(t.Context(), channels.Place{Place: 0}))
	b.shows("#status", "下一位就是您。 目前无法给出可靠的等待时间。")
	must(t, c.Connect(t.Context(), "1001"))
	b.shows("#status", "工号 1001 正在为您服务。")
	must(t, c.Typing(t.Context(), true))
	b.shows("#status", "对方正在输入")
	_, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Agent: "1001", Text: "<b>您好</b>，请问地址？"})
	must(t, err)
	b.shows(".agent p", "<b>您好</b>，请问地址？") // text, not markup
	b.run(chromedp.Click(css("#language")))
	b.shows("#status", "Agent 1001 is with you.")
	b.sees("!/[\\u4e00-\\u9fff]/.test([...document.querySelectorAll('button:not(#language), label, h1, small, .note, #status')].map(e => e.innerText).join())")
	b.run(chromedp.Click(css("#language")))
	b.sees("document.documentElement.scrollWidth <= 360")
	eval[chromedp.Void](b, "window.asked = 0; window.confirm = () => { asked++; return true }")
	b.run(chromedp.Click(css("#close")))
	b.shows("#status", "本次咨询已结束")
	for e := range c.Events() {
		if e.Kind != contact.Gone || e.Cause != contact.CitizenEnded {
			t.Errorf("got %+v", e)
		}
	}
	if eval[int](b, "asked") != 1 {
		t.Error("it did not ask before the end")
	}
	b.types("还有一件事" + kb.Enter)
	if m := said(t, h.conversation()); m.Text != "还有一件事" {
		t.Errorf("heard %+v", m)
	}
	b.sees("document.querySelectorAll('.message').length === 1")
	b.isSound()
}

// What was typed while the line was cut goes out after a reload, in order, once.
func TestThePageKeepsWhatWasNotSent(t *testing.T) {
	h := newWorld(t).node("n1")
	b := openPage(t, h, 1200, 800)
	b.types("一" + kb.Enter)
	c := h.conversation()
	said(t, c)
	b.sees("!document.querySelector('.pending')")
	b.setLine(false)
	b.sees("!document.querySelector('#broken').hidden")
	b.shows("#broken", "连接中断，消息已保存")
	b.types("二" + kb.Enter)
	b.types("三" + kb.Enter)
	b.sees("document.querySelectorAll('.pending').length === 2")
	before := eval[[]string](b, "JSON.parse(localStorage['hotline.chat.outbox']).map(m => m.cmid)")
	b.run(chromedp.Reload())
	b.shows("#broken", "连接中断，消息已保存")
	b.setLine(true)
	for _, text := range []string{"二", "三"} {
		if m := said(t, c); m.Text != text {
			t.Errorf("heard %+v, want %s", m, text)
		}
	}
	b.sees("document.querySelector('#broken').hidden && document.querySelectorAll('.citizen').length === 3 && !document.querySelector('.pending')")
	events, err := h.store.Read(t.Context(), c.ID(), 0, 100)
	must(t, err)
	var after []string
	for _, e := range events[1:] {
		after = append(after, e.CMID)
	}
	if !slices.Equal(before, after) {
		t.Errorf("sent as %v, kept as %v", before, after)
	}
	b.sees("localStorage['hotline.chat.outbox'] === '[]'")
	b.isSound()
}

// An Enter that ends a composition sends nothing; Shift+Enter breaks the line;
// Tab reaches all that can be done.
func TestThePageByKeyboard(t *testing.T) {
	h := newWorld(t).node("n1")
	b := openPage(t, h, 360, 740)
	b.shows("#status", "您好")
	b.run(chromedp.Focus(css("#text")),
		command(input.ImeSetComposition, input.ImeSetCompositionParams{Text: "lu deng", SelectionStart: 7, SelectionEnd: 7}),
		key(input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 229}),
		command(input.InsertText, input.InsertTextParams{Text: "路灯"}))
	b.sees("document.querySelector('#text').value.includes('路灯')")
	eval[bool](b, "document.querySelector('#text').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, cancelable: true }))")
	b.run(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierShift)),
		command(input.InsertText, input.InsertTextParams{Text: "坏了"}))
	if len(h.received) != 0 {
		t.Error("a composition was sent")
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	if m := said(t, h.conversation()); m.Text != "路灯\n坏了" {
		t.Errorf("heard %q", m.Text)
	}
	b.sees("!document.querySelector('#close').hidden")
	eval[chromedp.Void](b, "document.activeElement.blur()")
	var reached []string
	for range 6 {
		b.run(chromedp.KeyEvent(kb.Tab))
		reached = append(reached, eval[string](b, "document.activeElement.id"))
	}
	for _, id := range []string{"language", "text", "close", "send"} {
		if !slices.Contains(reached, id) {
			t.Errorf("Tab reaches %v, not %s", reached, id)
		}
	}
	b.sees("[...document.querySelectorAll('textarea, select')].every(e => document.querySelector(`label[for=${e.id}]`))")
	b.isSound()
}

// Each text is there in both languages.
func TestThePageInBothLanguages(t *testing.T) {
	b := openPage(t, newWorld(t).node("n1"), 360, 740)
	differ := eval[[]string](b, `import('/chat/texts.js').then(({ texts: { zh, en } }) =>
		[...Object.keys(zh).filter(k => typeof zh[k] !== typeof en[k]), ...Object.keys(en).filter(k => !(k in zh))])`, chromedp.EvalAwaitPromise)
	if len(differ) != 0 {
		t.Errorf("only in one language: %v", differ)
	}
	b.isSound()
}

// Where no socket is let through, the page goes on over HTTP.
func TestThePageWithoutASocket(t *testing.T) {
	h := newWorld(t).node("n1")
	blocked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chat/v1/ws" {
			http.Error(w, "the proxy knows no sockets", http.StatusBadGateway)
			return
		}
		h.web.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(blocked.Close)
	b := openPage(t, h, 360, 740)
	b.run(chromedp.Navigate(blocked.URL + "/chat/"))
	b.types("听得到吗" + kb.Enter)
	c := h.conversation()
	if m := said(t, c); m.Text != "听得到吗" {
		t.Errorf("heard %+v", m)
	}
	_, err := c.Say(t.Context(), channels.Outgoing{CMID: newID(), Agent: "1001", Text: "听得到"})
	must(t, err)
	b.sees("document.querySelector('.agent')?.innerText.includes('听得到')")
}
