package lbprops

import (
	"twinhop/gateway/config"
	"twinhop/gateway/config/origin"
)

// Load says what the file means to a gateway that runs it as it is: Convert, and what its YAML means. beside is a
// configuration with what the old file does not say, such as state or limits; nil: none. The places of Problems are those
// of the old file. The Config is of use only when neither a Finding nor a Problem is an error.
func Load(in Input, beside *Source, words config.Words) (config.Config, Result, config.Problems) {
	r := Convert(in)
	if r.YAML == nil {
		return config.Config{}, r, nil
	}
	o := origin.Text{Made: r.YAML, Files: []string{in.File.Name}, Apart: true, Whose: in.File.Name, Listens: in.File.Name}
	if beside != nil {
		o.Beside, o.More = beside.Name, beside.Text
	}
	text, clash := o.Whole()
	c, problems := config.Parse("twinhop.yaml", text, words)
	o.Locate(problems)
	return c, r, append(clash, problems...)
}
