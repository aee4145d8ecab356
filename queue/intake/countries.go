package intake

import "strings"

// isoCountries holds every ISO 3166-1 country, and Kosovo, as its two-letter code
// followed by its three-letter code.
const isoCountries = "" +
	"ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE " +
	"BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS " +
	"BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN " +
	"COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST " +
	"EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF " +
	"GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD " +
	"HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM " +
	"JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA " +
	"LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD " +
	"MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM " +
	"NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG " +
	"PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA " +
	"SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD " +
	"STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON " +
	"TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR " +
	"VNVNM VUVUT WFWLF WSWSM XKXKX YEYEM YTMYT ZAZAF ZMZMB ZWZWE "

// countryNames are the names and habits that lists are full of. A name that is
// not here is not guessed.
var countryNames = map[string]string{
	"unitedstates": "US", "unitedstatesofamerica": "US", "america": "US",
	"uk": "GB", "unitedkingdom": "GB", "greatbritain": "GB", "england": "GB",
	"scotland": "GB", "wales": "GB", "northernireland": "GB",
	"canada": "CA", "mexico": "MX", "méxico": "MX", "puertorico": "PR",
	"ireland": "IE", "australia": "AU", "newzealand": "NZ",
	"germany": "DE", "deutschland": "DE", "austria": "AT", "österreich": "AT",
	"switzerland": "CH", "schweiz": "CH", "france": "FR", "spain": "ES", "españa": "ES",
	"italy": "IT", "italia": "IT", "portugal": "PT", "netherlands": "NL",
	"thenetherlands": "NL", "holland": "NL", "belgium": "BE", "luxembourg": "LU",
	"denmark": "DK", "norway": "NO", "sweden": "SE", "finland": "FI", "iceland": "IS",
	"poland": "PL", "czechia": "CZ", "czechrepublic": "CZ", "slovakia": "SK",
	"hungary": "HU", "romania": "RO", "bulgaria": "BG", "greece": "GR", "croatia": "HR",
	"slovenia": "SI", "estonia": "EE", "latvia": "LV", "lithuania": "LT", "ukraine": "UA",
	"turkey": "TR", "türkiye": "TR", "israel": "IL", "uae": "AE", "unitedarabemirates": "AE",
	"saudiarabia": "SA", "egypt": "EG", "southafrica": "ZA", "nigeria": "NG", "kenya": "KE",
	"india": "IN", "pakistan": "PK", "bangladesh": "BD", "philippines": "PH",
	"thephilippines": "PH", "singapore": "SG", "malaysia": "MY", "indonesia": "ID",
	"thailand": "TH", "vietnam": "VN", "japan": "JP", "southkorea": "KR", "china": "CN",
	"hongkong": "HK", "taiwan": "TW", "brazil": "BR", "brasil": "BR", "argentina": "AR",
	"chile": "CL", "colombia": "CO", "peru": "PE", "ecuador": "EC", "costarica": "CR",
	"panama": "PA", "guatemala": "GT", "jamaica": "JM", "dominicanrepublic": "DO",
}

// CountryCode returns the two-letter code of a country given as a two-letter or
// three-letter code or by name, and whether it is known.
func CountryCode(name string) (string, bool) {
	const width = len("USUSA ")
	code := strings.ToUpper(plain(name))
	for rest := isoCountries; len(rest) >= width; rest = rest[width:] {
		if rest[:2] == code || rest[2:5] == code {
			return rest[:2], true
		}
	}
	found, ok := countryNames[strings.ToLower(code)]
	return found, ok
}
