import Compute

extension SafeTensorsWriter {
  /// Adds every tensor of a store under its path.
  package mutating func add(_ parameters: Parameters, prefix: String) throws(ModelError) {
    for entry in parameters.layout.entries {
      try add(prefix + entry.name, entry.shape.extents, .parameters(parameters, entry))
    }
  }
}

extension Parameters {
  /// Reads every tensor of the store from a file.
  func read(_ file: SafeTensorsFile, prefix: String) throws(ModelError) {
    for entry in layout.entries {
      let stored = try file.find(prefix + entry.name, extents: entry.shape.extents)
      try file.read(stored, into: self[entry].values)
    }
  }
}
