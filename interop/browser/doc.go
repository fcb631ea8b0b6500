// Package browser holds the tests of what people see in a browser: the page of examples/gateway, the
// official SDK on a page of another origin than its backend's, and the console of rtx serve. They
// drive a real Chromium by chromedp.
//
//	go test ./interop/browser
//	go test ./interop/browser -run TestConsoleUnderLoad -load 60s -v  # how the console bears 500 events a second
//	go test ./interop/browser -run TestConsoleLooks -looks DIR        # pictures at three widths, light and dark
//	go test ./interop/browser -tags picture -run TestPicture -picture ../../docs
package browser
