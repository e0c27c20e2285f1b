package lbprops

import (
	"twinhop/gateway/config"
	"twinhop/gateway/config/origin"
)

// Load says what the file means to a gateway that runs it as it is: Convert, and what its YAML means. beside is a
// configuration that says more, such as state or limits: its keys count where both say something; nil: none. The places of
// Problems are those of the two files. The Config is of use only when neither a Finding nor a Problem is an error.
func Load(in Input, beside *Source, words config.Words) (config.Config, Result, config.Problems) {
	r := Convert(in)
	if r.YAML == nil {
		return config.Config{}, r, nil
	}
	o := origin.Text{Made: r.YAML, Files: []string{in.File.Name}, Apart: true, Over: true, Whose: in.File.Name}
	if beside != nil {
		o.Beside, o.More = beside.Name, beside.Text
	}
	text, _ := o.Whole()
	c, problems := config.ParseOver("twinhop.yaml", text, words, o.Line())
	o.Locate(problems)
	return c, r, problems
}
