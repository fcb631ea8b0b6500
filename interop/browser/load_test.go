package browser

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

var load = flag.Duration("load", 8*time.Second, "how long TestConsoleUnderLoad loads the page")

const (
	rate  = 500 // events a second
	batch = 50  // of them at a time
	every = time.Second * batch / rate
)

// meter is put on the page: it measures how long the frames of the idle page take, and how long each
// key waits for its handler, in milliseconds.
const meter = `(() => {
	const m = window.meter = { frames: [], delays: [], longTasks: 0 };
	let last = 0;
	const frame = (t) => {
		if (last) m.frames.push(t - last);
		last = t;
		if (m.frames.length < 60) requestAnimationFrame(frame);
	};
	requestAnimationFrame(frame);
	document.querySelector('#filter').addEventListener('keydown', (e) => m.delays.push(performance.now() - e.timeStamp), true);
	new PerformanceObserver((list) => { m.longTasks += list.getEntries().length; }).observe({ type: 'longtask' });
})()`

type metered struct {
	Frames, Delays []float64
	LongTasks      int
}

// lateFrames is how many frames of the idle page a key may wait before it counts as late: about the
// 200 ms up to which people take a page for one that answers at once.
const lateFrames = 12

// late counts the keys that waited for too long, by the frames of the same run.
func (m metered) late() (n int) {
	for _, d := range m.Delays {
		if d > lateFrames*quantile(m.Frames, 0.5) {
			n++
		}
	}
	return n
}

func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// metrics are what Chromium counts of the page, with the garbage gone.
func (p *page) metrics() map[string]float64 {
	p.Helper()
	command(p, heapprofiler.CollectGarbage, cdp.Empty{})
	all := make(map[string]float64)
	for _, m := range command(p, performance.GetMetrics, cdp.Empty{}).Metrics {
		all[m.Name] = m.Value
	}
	return all
}

// With 500 events a second the page's memory stays flat once its lists are full, no event is missed,
// and no key that is pressed is lost or waits.
func TestConsoleUnderLoad(t *testing.T) {
	path := needChromium(t)
	c := serveConsole(t)
	p := c.open(path)
	command(p, performance.Enable, performance.EnableParams{})
	eval[chromedp.Void](p, meter)
	p.await(`window.meter.frames.length === 60`)
	stop := make(chan struct{})
	var loading sync.WaitGroup
	sent := 0
	loading.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			var posts sync.WaitGroup
			for lane := range 5 {
				posts.Go(func() {
					for i := range batch / 5 {
						_, err := c.try("POST", "publish", map[string]any{"channel": fmt.Sprintf("prices-%d", lane), "event": "tick",
							"data": map[string]any{"number": sent + lane*10 + i, "symbol": "ACME", "bid": 118.25, "note": strings.Repeat("x", 100)}})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			posts.Wait()
			sent += batch
		}
	})
	defer loading.Wait()
	defer close(stop)

	p.await(`Number(document.querySelector('#count-events').innerText) > 2600`) // its lists are full
	first := p.metrics()
	typed, text := 0, ""
	for end := time.Now().Add(*load); time.Now().Before(end); {
		// A word is typed into the filter, one key after the other, and taken back.
		for _, key := range "acme" {
			p.run(chromedp.Focus(chromedp.CSS("#filter")), chromedp.KeyEvent(string(key)))
			typed++
		}
		if text = eval[string](p, `document.querySelector('#filter').value`); text != "acme" {
			t.Fatalf("typed acme, and the page has %q", text)
		}
		for range 4 {
			p.run(chromedp.KeyEvent("\b"))
			typed++
		}
		p.click("#pause")
		p.click("#pause")
	}
	last := p.metrics()
	got := eval[metered](p, `window.meter`)
	total := eval[int](p, `Number(document.querySelector('#count-events').innerText)`)
	rows := eval[int](p, `document.querySelectorAll('#list li').length`)
	seconds := last["Timestamp"] - first["Timestamp"]
	busy := (last["TaskDuration"] - first["TaskDuration"]) / seconds
	growth := last["JSHeapUsedSize"] / first["JSHeapUsedSize"]
	t.Logf("%.0f s: %d events, %d rows; heap %.2f MB, then %.2f MB; nodes %.0f, then %.0f; main thread busy %.0f %%, of that scripts %.0f %%; %d keys waited %.1f ms in the middle, %.1f ms of a hundred the 99th, %.1f ms at worst, %d late; %d long tasks",
		seconds, total, rows, first["JSHeapUsedSize"]/1e6, last["JSHeapUsedSize"]/1e6, first["Nodes"], last["Nodes"],
		100*busy, 100*(last["ScriptDuration"]-first["ScriptDuration"])/seconds,
		len(got.Delays), quantile(got.Delays, 0.5), quantile(got.Delays, 0.99), quantile(got.Delays, 1), got.late(), got.LongTasks)
	switch {
	case len(got.Delays) != typed:
		t.Errorf("%d keys were pressed, and %d came", typed, len(got.Delays))
	case *load >= time.Minute && 5*got.late() > typed: // a few are the machine's; a busy one has many, so the short run does not judge
		t.Errorf("%d of %d keys waited for more than %d frames", got.late(), typed, lateFrames)
	case growth > 1.5 || last["Nodes"] > 1.25*first["Nodes"]:
		t.Errorf("the heap grew by %.2f, the nodes from %.0f to %.0f", growth, first["Nodes"], last["Nodes"])
	case rows > 200:
		t.Errorf("%d rows", rows)
	}
	if missed := eval[string](p, `document.querySelector('#held').innerText`); strings.Contains(missed, "too many") {
		t.Errorf("the page missed events: %s", missed)
	}
	p.quiet()
}
