import GridFiles

/// The global attributes of an output: CF 2.6.2 and ACDD 1.3, what is known said, what can be computed computed.
struct GlobalAttributes {
  let attributes: [Attribute]

  init(_ builder: HeaderBuilder) {
    let description = builder.description
    let options = builder.options
    let input = description.globalAttributes
    // What the pipeline says outweighs what the input says.
    func given(_ name: String) -> String? {
      for list in [options.metadata, input] {
        if let text = list[name]?.text?.trimmed, !text.isEmpty { return text }
      }
      return nil
    }
    var list = [Attribute("Conventions", "CF-1.11, ACDD-1.3")]
    func add(_ name: String, _ text: String?) {
      if let text, !text.isEmpty { list.append(Attribute(name, text)) }
    }

    let subjects = description.variables.map { $0.longName ?? $0.standardName?.spaced ?? $0.name }
    let title = given("title") ?? subjects.joined(separator: ", ")
    add("title", title)
    add("summary", given("summary") ?? Self.summary(subjects, description, builder))
    let names = description.variables.compactMap { $0.standardName } + description.variables.map(\.name)
    add(
      "keywords",
      given("keywords")
        ?? names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", "))
    add("institution", given("institution") ?? "not stated")
    add("source", given("source") ?? (options.source.isEmpty ? "not stated" : options.source))
    let older = input["history"]?.text?.trimmed ?? ""
    add("history", [options.historyLine.trimmed, older].filter { !$0.isEmpty }.joined(separator: "\n"))
    add("references", given("references") ?? "not stated")
    add("date_created", options.dateCreated)
    add("standard_name_vocabulary", "CF Standard Name Table v\(StandardNames.tableVersion)")
    add("cdm_data_type", given("cdm_data_type") ?? (description.grid.kind == .points ? "Point" : "Grid"))
    Self.addExtents(description, &list)
    Self.addVertical(builder, &list)
    Self.addTime(builder, &list)

    let derived = Set(list.map(\.name))
    let computed = ["geospatial_", "time_coverage_"]
    for attribute in options.metadata + input {
      guard !derived.contains(attribute.name), !list.contains(where: { $0.name == attribute.name }) else {
        continue
      }
      if computed.contains(where: attribute.name.hasPrefix) || attribute.name == "featureType" { continue }
      list += OutputAttributes.kept([attribute])
    }
    attributes = list
  }

  private static func summary(_ subjects: [String], _ description: Description, _ builder: HeaderBuilder)
    -> String
  {
    var text = subjects.joined(separator: ", ")
    let grid = description.grid
    text += grid.kind == .points ? " at \(grid.nx) places" : " on a grid of \(grid.ny) x \(grid.nx) cells"
    if let time = builder.time, let reference = time.reference, let first = time.values.first,
      let last = time.values.last, let start = try? reference.date(first), let end = try? reference.date(last)
    {
      text += ", \(time.values.count) times from \(start) to \(end)"
    }
    return text + "."
  }

  /// The extents of cell centres.
  private static func addExtents(_ description: Description, _ list: inout [Attribute]) {
    let grid = description.grid
    var latitudes = grid.latitudes.filter(\.isFinite)
    var longitudes = grid.longitudes.filter(\.isFinite)
    if grid.isRectilinear { (latitudes, longitudes) = (grid.y.values, grid.x.values) }
    if grid.kind == .bare {
      latitudes = grid.y.kind == .latitude ? grid.y.values : []
      longitudes = grid.x.kind == .longitude ? grid.x.values : []
    }
    if let low = latitudes.min(), let high = latitudes.max() {
      list += [
        Attribute("geospatial_lat_min", .float64([low])), Attribute("geospatial_lat_max", .float64([high])),
        Attribute("geospatial_lat_units", "degrees_north"),
      ]
    }
    if let low = longitudes.min(), let high = longitudes.max() {
      list += [
        Attribute("geospatial_lon_min", .float64([low])), Attribute("geospatial_lon_max", .float64([high])),
        Attribute("geospatial_lon_units", "degrees_east"),
      ]
    }
    guard let south = latitudes.min(), let north = latitudes.max(), let west = longitudes.min(),
      let east = longitudes.max()
    else { return }
    let corners = [(south, west), (north, west), (north, east), (south, east), (south, west)]
    let text = corners.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    list += [
      // Latitude first, as EPSG:4326 has it.
      Attribute("geospatial_bounds", "POLYGON ((\(text)))"), Attribute("geospatial_bounds_crs", "EPSG:4326"),
    ]
  }

  private static func addVertical(_ builder: HeaderBuilder, _ list: inout [Attribute]) {
    guard let vertical = builder.vertical else { return }
    list += [
      Attribute("geospatial_vertical_min", .float64([vertical.low])),
      Attribute("geospatial_vertical_max", .float64([vertical.high])),
      Attribute("geospatial_vertical_units", vertical.units),
    ]
    if let positive = vertical.positive { list.append(Attribute("geospatial_vertical_positive", positive)) }
  }

  private static func addTime(_ builder: HeaderBuilder, _ list: inout [Attribute]) {
    guard let time = builder.time, let reference = time.reference, let first = time.values.first,
      let last = time.values.last, let start = try? reference.ticks(first),
      let end = try? reference.ticks(last),
      let startDate = reference.calendar.date(microseconds: start),
      let endDate = reference.calendar.date(microseconds: end)
    else { return }
    list += [
      Attribute("time_coverage_start", startDate.iso), Attribute("time_coverage_end", endDate.iso),
      Attribute("time_coverage_duration", isoDurationText(microseconds: end - start)),
    ]
    let axis = TimeAxis(values: time.values, units: time.units, calendar: reference.calendar)
    if let step = try? axis.step().isoDuration { list.append(Attribute("time_coverage_resolution", step)) }
  }
}
