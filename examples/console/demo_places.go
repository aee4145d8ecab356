package main

// place is somewhere that people of the demo campaign live: a state, a ZIP code
// of it, its time zone, and an area code with an exchange that is in use there.
// Made-up ones, such as 555, would have no time zone.
type place struct {
	state, zip, zone, exchange string
}

func places() []place {
	return []place{
		{"AR", "72202", "America/Chicago", "501308"},
		{"AZ", "85013", "America/Phoenix", "602277"},
		{"CA", "95111", "America/Los_Angeles", "408752"},
		{"CO", "80126", "America/Denver", "303724"},
		{"CT", "06511", "America/New_York", "203506"},
		{"DC", "20001", "America/New_York", "202646"},
		{"FL", "33196", "America/New_York", "305606"},
		{"GA", "31701", "America/New_York", "229735"},
		{"HI", "96817", "Pacific/Honolulu", "808892"},
		{"IA", "50315", "America/Chicago", "515370"},
		{"ID", "83709", "America/Denver", "208709"},
		{"IL", "60632", "America/Chicago", "773573"},
		{"IN", "46202", "America/New_York", "317722"},
		{"KS", "66218", "America/Chicago", "913388"},
		{"KY", "41005", "America/New_York", "859717"},
		{"LA", "70116", "America/Chicago", "504621"},
		{"MA", "02128", "America/New_York", "617399"},
		{"MD", "21224", "America/New_York", "410655"},
		{"ME", "04401", "America/New_York", "207458"},
		{"MI", "48116", "America/New_York", "810292"},
		{"MN", "55343", "America/Chicago", "952768"},
		{"MO", "63104", "America/Chicago", "314787"},
		{"MS", "39530", "America/Chicago", "228235"},
		{"MT", "59701", "America/Denver", "406318"},
		{"NC", "27514", "America/New_York", "919225"},
		{"NE", "68124", "America/Chicago", "402896"},
		{"NH", "03865", "America/New_York", "603315"},
		{"NJ", "08014", "America/New_York", "856636"},
		{"NM", "88011", "America/Denver", "505977"},
		{"NY", "11953", "America/New_York", "631335"},
		{"OH", "45011", "America/New_York", "513570"},
		{"OK", "74105", "America/Chicago", "918644"},
		{"OR", "97754", "America/Los_Angeles", "541548"},
		{"PA", "19443", "America/New_York", "215874"},
		{"RI", "02909", "America/New_York", "401458"},
		{"SC", "29201", "America/New_York", "803925"},
		{"TN", "37110", "America/Chicago", "931313"},
		{"TX", "78045", "America/Chicago", "956537"},
		{"UT", "84115", "America/Denver", "801293"},
		{"VA", "22102", "America/New_York", "703235"},
		{"WA", "98070", "America/Los_Angeles", "206697"},
		{"WI", "53207", "America/Chicago", "414661"},
		{"WY", "82901", "America/Denver", "307704"},
	}
}
