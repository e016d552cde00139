import GridFiles

/// Which attributes of an input survive in the output.
enum KeptAttributes {
  /// Of a variable: not those that are said elsewhere in the description, that speak of packing and ranges, or
  /// that name other variables and would dangle.
  static func variable(_ attributes: [Attribute]) -> [Attribute] {
    attributes.filter { attribute in
      if said.contains(attribute.name) || attribute.name.hasPrefix("_") { return false }
      if attribute.name.hasPrefix("DIMENSION_") || attribute.name == "REFERENCE_LIST" { return false }
      if case .unsupported = attribute.value { return false }
      return attribute.value.isUsable
    }
  }

  private static let said: Set<String> = [
    // In the description.
    "units", "standard_name", "long_name", "cell_methods", "flag_values", "flag_meanings", "flag_masks",
    "calendar", "positive", "axis",
    // Packing and ranges.
    "scale_factor", "add_offset", "missing_value", "valid_min", "valid_max", "valid_range", "actual_range",
    "actual_min", "actual_max", "unpacked_valid_range", "packed_valid_range", "number_of_significant_digits",
    "least_significant_digit", "precision", "fill_value", "valid_value",
    // Names of other variables and of the old grid.
    "coordinates", "bounds", "climatology", "grid_mapping", "cell_measures", "ancillary_variables",
    "formula_terms", "compress", "associated_files", "grid_type", "CDI_grid_type", "CDI_grid_num_LPE",
    "computed_standard_name", "geometry", "node_coordinates", "instance_dimension", "sample_dimension",
    "cell_method", "CLASS", "NAME", "PALETTE", "mesh", "location", "dimensions", "units_metadata",
    "external_variables",
    // HDF-EOS5 words for the same.
    "Units", "Title", "MissingValue", "UniqueFieldDefinition", "ScaleFactor", "Offset",
  ]

  /// Of the file: who made it and from what, not what it covers.
  static func global(_ attributes: [Attribute]) -> [Attribute] {
    attributes.filter { attribute in
      global.contains(attribute.name) && attribute.value.isUsable
    }
  }

  private static let global: Set<String> = [
    "title", "institution", "source", "history", "references", "comment", "summary", "keywords",
    "keywords_vocabulary", "license", "licence", "acknowledgement", "acknowledgment", "project", "program",
    "creator_name", "creator_email", "creator_url", "creator_type", "creator_institution",
    "publisher_name", "publisher_email", "publisher_url", "publisher_type", "publisher_institution",
    "contributor_name", "contributor_role", "naming_authority", "processing_level", "product_version",
    "platform", "instrument", "experiment", "experiment_id", "model_id", "institute_id", "institution_id",
    "source_id", "activity_id", "variant_label", "driving_model_id", "driving_experiment",
    "driving_experiment_name", "driving_model_ensemble_member", "rcm_version_id", "CORDEX_domain",
    "frequency",
    "project_id", "contact", "realization", "forcing", "parent_experiment", "parent_experiment_id",
    "initialization_method", "physics_version", "modeling_realm", "metadata_link",
  ]
}

extension Attribute.Value {
  /// Has something to say: neither empty nor of a type without meaning.
  var isUsable: Bool {
    switch self {
    case .text(let text): return !text.trimmed.isEmpty
    case .strings(let strings): return strings.contains { !$0.trimmed.isEmpty }
    case .unsupported: return false
    default: return !Attribute("", self).numbers.isEmpty
    }
  }
}
