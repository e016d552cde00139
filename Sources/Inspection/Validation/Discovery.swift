import GridFiles
import Grids

/// ACDD 1.3: attributes by which catalogues find a file. All are recommendations.
extension Checker {
  static let highlyRecommended = ["title", "summary", "keywords", "Conventions"]
  static let recommended = [
    "id", "naming_authority", "history", "source", "processing_level", "comment", "acknowledgement",
    "license",
    "standard_name_vocabulary", "date_created", "creator_name", "creator_email", "creator_url", "institution",
    "project", "publisher_name", "publisher_email", "publisher_url", "geospatial_bounds",
    "geospatial_lat_min", "geospatial_lat_max", "geospatial_lon_min", "geospatial_lon_max",
    "time_coverage_start", "time_coverage_end", "time_coverage_duration", "time_coverage_resolution",
  ]

  mutating func checkDiscovery() {
    let attributes = view.header.root.attributes
    for name in Self.highlyRecommended
    where attributes[name] == nil && name != "title" && name != "Conventions" {
      warning("ACDD 1.3", nil, name, "is missing (highly recommended)")
    }
    let conventions = attributes["Conventions"]?.text ?? ""
    if attributes["Conventions"] != nil, !conventions.contains("ACDD-1.") {
      warning(
        "ACDD 1.3", nil, "Conventions", "does not name ACDD", expected: "CF-1.11, ACDD-1.3",
        found: conventions)
    }
    let missing = Self.recommended.filter { attributes[$0] == nil && $0 != "history" }
    if !missing.isEmpty {
      warning(
        "ACDD 1.3", nil, nil,
        "\(missing.count) of \(Self.recommended.count) recommended attributes are missing",
        found: missing.joined(separator: ", "))
    }
    for name in Self.recommended where name.hasPrefix("geospatial_l") {
      if let attribute = attributes[name], attribute.number == nil {
        warning("ACDD 1.3", nil, name, "is not a number", found: attribute.shown)
      }
    }
    for name in ["time_coverage_start", "time_coverage_end", "date_created"] {
      if let attribute = attributes[name],
        attribute.text.flatMap({ CFDate($0, calendar: .prolepticGregorian) ?? CFDate($0, calendar: .day360) })
          == nil
      {
        warning(
          "ACDD 1.3", nil, name, "is no ISO 8601 date", expected: "as in 2006-01-31T12:00:00Z",
          found: attribute.shown)
      }
    }
  }
}
