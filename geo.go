package vedette

// Geo says where an address is and who announces it, as far as the given
// databases know. Values are shared between events and never change.
type Geo struct {
	Country  string // ISO 3166-1 alpha-2, geo.country_iso_code
	City     string // English name, geo.city_name
	Timezone string // IANA name, geo.timezone
	ASN      uint32 // as.number
	ASName   string // as.organization.name
}
