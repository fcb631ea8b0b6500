package auth

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// channelDataFault returns why a text can't be channel data, or "" if it can. It must be UTF-8,
// because the client sends UTF-8 and the signature is over the exact bytes. A lone surrogate can
// stand in it as an escape, which is sent as it is.
func channelDataFault(data string) string {
	switch {
	case data == "":
		return "missing"
	case len(data) > maxChannelData:
		return fmt.Sprintf("longer than %d bytes", maxChannelData)
	case !utf8.ValidString(data) || !validJSON([]byte(data)):
		return "not JSON text"
	}
	return ""
}

// memberFault returns an error for channel data in which parsers could find different members. data
// is valid JSON. If it is not an object, it names no member, and the service accepts that.
func memberFault(data string) error {
	fields, twice, ok := readObject([]byte(data), "user_id", "user_info")
	switch {
	case !ok:
		return nil
	case twice != "":
		return &InputError{Field: "channel_data", Reason: twice + " appears twice"}
	case fields["user_id"].Kind() == '0' && !survives(string(fields["user_id"])):
		return &InputError{
			Field: "user_id", Reason: "a number that JavaScript, and so the service, takes for another one: send it as a string",
		}
	}
	return nil
}

// maxSafe is JavaScript's Number.MAX_SAFE_INTEGER: from the next integer on, two of them can be one
// number there.
const maxSafe = 1<<53 - 1

// survives reports whether a JSON number is still the same after JavaScript has read and written
// it.
func survives(number string) bool {
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && math.Abs(f) <= maxSafe && decimal(number) == decimal(strconv.FormatFloat(f, 'e', -1, 64))
}

// decimal returns a JSON number in a form that is the same for equal numbers: the digits from the
// first to the last that is not 0, and the power of ten to multiply them with. 0 has no sign.
func decimal(number string) string {
	mantissa, power, _ := strings.Cut(strings.ToLower(number), "e")
	sign := ""
	if rest, negative := strings.CutPrefix(mantissa, "-"); negative {
		mantissa, sign = rest, "-"
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	if short == "" {
		return "0"
	}
	exponent, err := strconv.Atoi(power)
	if power != "" && err != nil {
		return number // too large for an int: no two such are told to be the same
	}
	return fmt.Sprintf("%s%se%d", sign, short, exponent-len(fraction)+len(digits)-len(short))
}
