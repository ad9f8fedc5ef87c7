package simulate

import (
	"fmt"
	"slices"
	"strings"
)

// Habit is a way in which a simulation differs from the ordinary one. Habits
// combine. Each is a thing that published reports of intrusions describe; none
// was chosen by looking at what a detector does.
type Habit struct{ Name, Summary string }

// Names of the habits.
const (
	habitEvasion     = "evasion"
	habitRotate      = "rotate"
	habitDark        = "dark"
	habitNoise       = "noise"
	habitDistributed = "distributed"
	habitSecond      = "second-actor"
	habitRelay       = "relay"
)

// Habits lists what Options.Habits may name.
//
// Sources: encoded payloads are what the manual of sqlmap describes as tamper
// scripts (randomcase, space2comment, chardoubleencode); shells that look like
// the site's own files and ordinary user agents, "Detect and Prevent Web Shell
// Malware" (NSA and ASD, 2020); relays on other people's routers, CISA advisory
// AA24-249A and Lumen's "Derailing the Raptor Train" (2024); operators' hours,
// Mandiant, "APT1" (2013).
var Habits = []Habit{
	{habitEvasion, "the targeted actor encodes payloads, uses ordinary browsers' names, sends a request an hour, gives its web shells names that blend in and pads what they answer, and works through relays at people's homes"},
	{habitRotate, "midway through the period the targeted actor changes its tools' names, certificate and two thirds of its addresses"},
	{habitDark, "a third of the organizations lack a sensor, begin to log late or stop logging during the intrusion"},
	{habitNoise, "ten times the background (another number with --noise), by three times as many botnets, some of which enter somebody"},
	{habitDistributed, "the targeted actor looks around from many addresses, a contact or two from each, over days"},
	{habitSecond, "a second targeted actor with infrastructure and tools of its own and partly the same victims"},
	{habitRelay, "part of the administration (--relays) comes through relays in other countries, and the operators keep their public holidays"},
}

// is reports whether the simulation has a habit.
func (o *Options) is(habit string) bool { return slices.Contains(o.Habits, habit) }

// habits checks the options that habits bring and fills in their defaults.
func (o *Options) habits() error {
	for _, name := range o.Habits {
		if !slices.ContainsFunc(Habits, func(h Habit) bool { return h.Name == name }) {
			var names []string
			for _, h := range Habits {
				names = append(names, h.Name)
			}
			return fmt.Errorf("simulate: unknown habit %q: want some of %s", name, strings.Join(names, ", "))
		}
	}
	if o.Noise == 0 {
		o.Noise = 1
		if o.is(habitNoise) {
			o.Noise = 10
		}
	}
	switch {
	case o.Relays != 0:
		o.Relays = max(o.Relays, 0)
	case o.is(habitRelay):
		o.Relays = 0.5
	case o.is(habitEvasion):
		o.Relays = 1
	}
	if o.Operators == "" {
		o.Operators = "Asia/Shanghai"
	}
	switch {
	case o.Noise < 0 || o.Noise > 100:
		return fmt.Errorf("simulate: noise %g: want more than 0, at most 100", o.Noise)
	case o.Relays > 1:
		return fmt.Errorf("simulate: relays %g: want a share from 0 to 1", o.Relays)
	case home(o.Operators) == nil:
		return fmt.Errorf("simulate: operators %q: want the time zone of one of the simulated cities, such as Asia/Shanghai, Europe/Moscow or Asia/Tehran", o.Operators)
	}
	return nil
}

// home is the access network that operators of a time zone sit in: the last
// one, which for China is Fuzhou, where the reports on RedJuliett put them.
func home(zone string) *block {
	for i := len(outside) - 1; i >= 0; i-- {
		if b := &outside[i]; b.kind == access && b.zone == zone && b.prefix.Addr().Is4() {
			return b
		}
	}
	return nil
}
