package gatewaytest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"hotline/media/tone"
)

// OpenChromium opens a real browser and returns its first tab. Its microphone
// hears one tone of hz; it asks nobody before it listens or plays. It is closed
// with the test, or when ctx ends.
func OpenChromium(ctx context.Context, t testing.TB, hz float64, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", microphone(t, hz)),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("mute-audio", false),
	)
	allocator, stop := chromedp.NewExecAllocator(ctx, append(options, more...)...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	return tab
}

// microphone writes 48 kHz of one tone, which Chromium repeats.
func microphone(t testing.TB, hz float64) string {
	t.Helper()
	const rate, seconds = 48000, 5
	file := filepath.Join(t.TempDir(), "microphone.wav")
	if err := os.WriteFile(file, linearWAV(tone.Sine(hz, 0.4, rate, rate*seconds), rate), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
