package gate

import (
	"slices"
	"time"
)

// PriceClass says roughly what a minute to a number costs.
type PriceClass string

const (
	Free          PriceClass = "free"
	Home          PriceClass = "home"           // the caller id's own country
	Abroad        PriceClass = "abroad"         // fixed lines of the usual countries
	AbroadMobile  PriceClass = "abroad_mobile"  // their mobile ones
	FarAway       PriceClass = "far_away"       // everywhere else
	SpecialTariff PriceClass = "special_tariff" // whoever is called earns from it
)

// Money is in ten-thousandths of a US dollar: carriers' tariffs have four digits.
type Money int64

// Dollar is the unit of limits.
const Dollar Money = 10_000

// rates are what a minute is counted at, not what it costs: upper figures of a
// class, so that a limit holds whatever the carrier charges. Twilio's own list
// prices (2026) are 0.014 at home, up to 0.03 abroad and 0.30 to their mobiles.
var rates = map[PriceClass]Money{
	Free: 0, Home: 200, Abroad: 500, AbroadMobile: 3_500, FarAway: 10_000, SpecialTariff: 50_000,
}

// Rate is what a minute of the class is counted at.
func (c PriceClass) Rate() Money { return rates[c] }

// priceClass is that of a number when it is called from a country.
func priceClass(n Number, home string) PriceClass {
	switch {
	case n.Type == TollFree:
		return Free
	case !ordinary[n.Type]:
		return SpecialTariff
	case n.Country == home, nanp(n.Country) && nanp(home):
		return Home
	case !slices.Contains(Usual, n.Country):
		return FarAway
	case n.Type == Fixed:
		return Abroad
	}
	return AbroadMobile
}

// nanp are the countries that call each other at home tariffs.
func nanp(country string) bool { return country == "US" || country == "CA" }

// ordinary types may be called when their country may; the others are off until
// the desk allows them by name, and those of never for good.
var ordinary = map[Type]bool{Fixed: true, Mobile: true, FixedOrMobile: true, TollFree: true, VoIP: true, Corporate: true}

// Opening are the types that a desk may allow.
var Opening = []Type{SharedCost, Personal, Pager, Voicemail}

// cost is what a call of a length is counted at: every begun minute.
func cost(rate Money, length time.Duration) Money {
	if length <= 0 {
		return 0
	}
	return rate * Money((length+time.Minute-1)/time.Minute)
}
