import Basics
import GridFiles
import Inspection

/// A small file's header, put together in memory: a valid one, to be spoilt in one place.
struct HeaderFactory {
  var global: [Attribute] = [
    Attribute("Conventions", "CF-1.10, ACDD-1.3"), Attribute("title", "t"), Attribute("history", "h"),
    Attribute("summary", "s"), Attribute("keywords", "k"),
  ]
  var dimensions = [
    Dimension(name: "time", length: 4, isUnlimited: true), Dimension(name: "lat", length: 3),
    Dimension(name: "lon", length: 5), Dimension(name: "bnds", length: 2), Dimension(name: "rlat", length: 3),
    Dimension(name: "rlon", length: 5), Dimension(name: "corner", length: 4),
    Dimension(name: "lev", length: 6),
    Dimension(name: "name_length", length: 10),
  ]
  var variables: [Variable] = []

  init() {
    add(
      "time", .float64, ["time"],
      [
        "standard_name": "time", "units": "days since 2000-01-01", "calendar": "standard", "axis": "T",
        "bounds": "time_bnds",
      ])
    add("time_bnds", .float64, ["time", "bnds"], [:])
    add("lat", .float64, ["lat"], ["standard_name": "latitude", "units": "degrees_north", "axis": "Y"])
    add("lon", .float64, ["lon"], ["standard_name": "longitude", "units": "degrees_east", "axis": "X"])
    add(
      "height", .float64, [],
      [
        "standard_name": "height", "units": "m", "positive": "up", "axis": "Z",
      ])
    add(
      "tas", .float32, ["time", "lat", "lon"],
      [
        "standard_name": "air_temperature", "units": "K", "cell_methods": "time: mean (interval: 6 hour)",
        "coordinates": "height", "long_name": "2 m temperature",
      ])
  }

  mutating func add(
    _ name: String, _ type: ElementType, _ dimensionNames: [String], _ texts: KeyValuePairs<String, String>
  ) {
    variables.append(
      Variable(
        name: name, path: "/" + name, type: type, byteOrder: .little,
        dimensions: dimensionNames.compactMap { wanted in dimensions.first { $0.name == wanted } },
        attributes: texts.map { Attribute($0.key, $0.value) }, storage: .contiguous))
  }

  /// Gives the variable other attributes; nil takes one away.
  mutating func set(_ variable: String, _ name: String, _ value: Attribute.Value?) {
    variables = variables.map { old in
      guard old.name == variable else { return old }
      var attributes = old.attributes.filter { $0.name != name }
      if let value { attributes.append(Attribute(name, value)) }
      return Variable(
        name: old.name, path: old.path, type: old.type, byteOrder: old.byteOrder, dimensions: old.dimensions,
        attributes: attributes, storage: old.storage, filters: old.filters)
    }
  }

  mutating func set(_ variable: String, _ name: String, _ text: String) { set(variable, name, .text(text)) }

  mutating func setGlobal(_ name: String, _ text: String?) {
    global.removeAll { $0.name == name }
    if let text { global.append(Attribute(name, text)) }
  }

  mutating func change(_ variable: String, type: ElementType? = nil, dimensions names: [String]? = nil) {
    variables = variables.map { old in
      guard old.name == variable else { return old }
      return Variable(
        name: old.name, path: old.path, type: type ?? old.type, byteOrder: old.byteOrder,
        dimensions: names.map { $0.compactMap { wanted in dimensions.first { $0.name == wanted } } }
          ?? old.dimensions,
        attributes: old.attributes, storage: old.storage, filters: old.filters)
    }
  }

  var header: FileHeader {
    FileHeader(
      path: "memory.nc", format: .netCDF4(classicModel: true),
      identity: FileIdentity(device: 0, inode: 0, size: 1000, modifiedNanoseconds: 0),
      root: Group(
        name: "", path: "/", dimensions: dimensions, attributes: global, variables: variables, groups: []))
  }

  var report: ValidationReport { Validator.validate(header: header) }
}
