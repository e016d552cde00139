import GridFiles
import Grids
import Stages

/// An input of the pipeline, opened: its stream, its files, and what was assumed about them.
struct OpenedInput: Sendable {
  var source: FileSource
  let files: [SourceFile]
  let notes: [(file: String, note: DatasetNote)]
}

/// Opens files once, however many inputs and items name them.
actor InputCache {
  private struct Key: Hashable {
    let path: String
    let external: [String]
  }
  private var files: [Key: Task<SourceFile, any Error>] = [:]

  func open(_ path: String, external: [String]) async throws -> SourceFile {
    let key = Key(path: path, external: external)
    if let task = files[key] { return try await task.value }
    let task = Task {
      var policy = ReadPolicy()
      policy.externalFolders = external
      return try await SourceFile.open(path, policy: policy)
    }
    files[key] = task
    return try await task.value
  }

  /// Every file that was opened.
  func opened() async -> [SourceFile] {
    var list: [SourceFile] = []
    for task in files.values { if let file = try? await task.value { list.append(file) } }
    return list.sorted { $0.header.path < $1.header.path }
  }

  /// Lets go of a file that no later item needs.
  func forget(_ path: String) { files = files.filter { $0.key.path != path } }
}

/// Opens the files of one input and joins them.
struct InputOpening {
  let spec: PipelineSpec
  let input: PipelineSpec.Input
  let cache: InputCache

  /// The files of the input in the order of their names.
  /// - Parameter mayBeEmpty: a pattern in a folder that is there may match nothing yet.
  /// - Throws: when a pattern matches nothing.
  static func expand(_ input: PipelineSpec.Input, of spec: PipelineSpec, mayBeEmpty: Bool = false)
    throws(Faults) -> [String]
  {
    var paths: [String] = []
    var faults: [Fault] = []
    for place in input.files {
      let path = spec.resolved(place.text)
      if path.contains("://") {
        faults.append(
          Fault(
            .badPipeline, "`\(place.text)` is a URL; only files are read", pipeline: spec.path,
            at: place.mark,
            stage: input.name))
      } else if Glob.isPattern(path), !Glob.exists(path) {
        let found = Glob.expand(path)
        if found.isEmpty, !(mayBeEmpty && Glob.exists(Glob.fixedFolder(of: path))) {
          faults.append(
            Fault(
              .missingInput, "no file matches `\(place.text)`", pipeline: spec.path, at: place.mark,
              stage: input.name))
        }
        paths += found
      } else {
        paths.append(path)
      }
    }
    guard faults.isEmpty else { throw Faults(faults) }
    var seen: Set<String> = []
    return paths.filter { seen.insert($0).inserted }
  }

  private func fault(
    _ cause: String, code: Fault.Code = .badPipeline, at mark: Mark? = nil, file: String? = nil,
    variable: String? = nil, remedy: String? = nil
  ) -> Fault {
    Fault(
      code, cause, pipeline: spec.path, at: mark ?? input.mark, stage: input.name, file: file,
      variable: variable, remedy: remedy)
  }

  /// What the pipeline says of the file; a stated grid gets its size from the last two dimensions.
  private func hints(for file: SourceFile) throws -> DatasetHints {
    var hints = input.hints
    guard let stated = input.grid else { return hints }
    let wanted = input.variables.first.map(\.text)
    let variable =
      file.header.allVariables.first { $0.path == wanted || $0.name == wanted }
      ?? file.header.allVariables.first { $0.extents.count > 1 }
    guard let extents = variable?.extents, extents.count > 1 else {
      throw Fault(
        .badPipeline, "`grid` needs a variable with two dimensions", file: file.header.path, variable: wanted)
    }
    guard extents[extents.count - 2] <= 1 << 20, extents[extents.count - 1] <= 1 << 20 else {
      throw Fault(
        .badData, "the variable has too many rows or columns for a grid", file: file.header.path,
        variable: wanted)
    }
    hints.grid = try stated.grid(ny: extents[extents.count - 2], nx: extents[extents.count - 1])
    return hints
  }

  /// - Throws: every fault of the input.
  func open(_ paths: [String]) async throws(Faults) -> OpenedInput {
    var faults: [Fault] = []
    var datasets: [(path: String, dataset: Dataset)] = []
    let external = input.externalFolders.map { spec.resolved($0) }
    for path in paths {
      do {
        let file = try await cache.open(path, external: external)
        datasets.append((path, try await Dataset.open(file, hints: try hints(for: file))))
      } catch {
        faults.append(
          Fault(
            error, pipeline: spec.path, at: input.files.first?.mark ?? input.mark, stage: input.name,
            file: path, code: .badData))
      }
    }
    guard faults.isEmpty else { throw Faults(faults) }
    let wanted = try wantedVariables(datasets)
    var parts: [[(file: Int, field: Dataset.Field)]] = []
    for place in wanted {
      let found = datasets.indices.compactMap { index in
        datasets[index].dataset.field(place.text).map { (file: index, field: $0) }
      }
      if found.isEmpty {
        let names = Set(datasets.flatMap { $0.dataset.fields.map(\.variable.name) }).sorted()
        faults.append(
          fault(
            "no variable `\(place.text)`", at: place.mark, file: paths.first,
            remedy: suggestion(place.text, in: names, what: "fields there")))
      }
      parts.append(found)
    }
    guard faults.isEmpty else { throw Faults(faults) }
    for (index, entry) in datasets.enumerated()
    where !parts.contains(where: { $0.contains { $0.file == index } }) {
      faults.append(
        fault(
          "the file has none of the variables " + wanted.map(\.text).joined(separator: ", "),
          file: entry.path,
          remedy: "fields there: " + entry.dataset.fields.map(\.variable.name).joined(separator: ", ")))
    }
    var joined: [(description: Description, segments: [FileSource.Segment])] = []
    for part in parts {
      do throws(Fault) {
        joined.append(try join(part, datasets))
      } catch {
        faults.append(error)
      }
    }
    guard faults.isEmpty, var output = joined.first?.description else { throw Faults(faults) }
    for (index, other) in joined.enumerated().dropFirst() {
      let names = "`\(wanted[0].text)` and `\(wanted[index].text)`"
      if other.description.grid != output.grid {
        faults.append(fault("\(names) do not lie on the same grid", remedy: "make an input of each"))
      } else if other.description.layers != output.layers {
        faults.append(fault("\(names) do not have the same levels", remedy: "make an input of each"))
      } else if other.description.time != output.time {
        faults.append(fault("\(names) do not have the same times", remedy: "make an input of each"))
      }
      output.variables += other.description.variables
      output.scalars = output.scalars.filter { other.description.scalars.contains($0) }
    }
    for (index, variable) in output.variables.enumerated()
    where output.variables[..<index].contains(where: { $0.name == variable.name }) {
      faults.append(fault("two variables are called `\(variable.name)`", remedy: "make an input of each"))
    }
    guard faults.isEmpty else { throw Faults(faults) }
    let notes = datasets.flatMap { entry in entry.dataset.notes.map { (file: entry.path, note: $0) } }
    let shown = paths.count == 1 ? paths[0] : "\(paths.count) files, \(paths[0]) to \(paths[paths.count - 1])"
    return OpenedInput(
      source: FileSource(label: "read \(shown)", output: output, segments: joined.map(\.segments)),
      files: datasets.map(\.dataset.file), notes: notes)
  }

  /// The variables that the pipeline names, or the only field there is.
  private func wantedVariables(_ datasets: [(path: String, dataset: Dataset)]) throws(Faults)
    -> [PipelineSpec.Place]
  {
    if !input.variables.isEmpty { return input.variables }
    guard let first = datasets.first else { throw Faults(fault("no file", code: .missingInput)) }
    let fields = first.dataset.fields
    guard fields.count == 1, let only = fields.first else {
      let names = fields.map(\.variable.name).joined(separator: ", ")
      throw Faults(
        fault(
          fields.isEmpty ? "the file has no field" : "the file has \(fields.count) fields",
          code: fields.isEmpty ? .badData : .badPipeline, file: first.path,
          remedy: fields.isEmpty ? nil : "say `variable:`, one of \(names)"))
    }
    return [.init(text: only.variable.path, mark: input.mark)]
  }

  /// One variable through all files that have it.
  private func join(
    _ parts: [(file: Int, field: Dataset.Field)], _ datasets: [(path: String, dataset: Dataset)]
  ) throws(Fault) -> (description: Description, segments: [FileSource.Segment]) {
    guard let first = parts.first else { throw fault("no file") }
    var description = first.field.description
    func path(_ index: Int) -> String { datasets[parts[index].file].path }
    let name = first.field.variable.name
    for (index, part) in parts.enumerated().dropFirst() {
      let other = part.field.description
      if other.grid != description.grid {
        throw fault(
          "its grid is not that of \(path(0))", file: path(index), variable: name,
          remedy:
            "files are joined along time only when their coordinates are equal bit for bit; regrid one of them"
        )
      }
      if other.layers != description.layers {
        throw fault("its levels are not those of \(path(0))", file: path(index), variable: name)
      }
      let (units, firstUnits) = (other.variables.first?.units, description.variables.first?.units)
      if units != firstUnits {
        throw fault(
          "its units are `\(units ?? "none")`, those of \(path(0)) `\(firstUnits ?? "none")`",
          file: path(index), variable: name,
          remedy: "make an input of each and bring them to one unit with the stage `convert`")
      }
      if (other.time == nil) != (description.time == nil) {
        throw fault("only some of the files have a time axis", file: path(index), variable: name)
      }
      description.scalars = description.scalars.filter { other.scalars.contains($0) }
    }
    var places = [0..<1]
    if let time = description.time {
      if input.isStatic {
        guard parts.count == 1, time.count == 1 else {
          throw fault(
            "the input is `static`, but has \(parts.count == 1 ? "\(time.count) times" : "\(parts.count) files")",
            file: path(0), variable: name,
            remedy: "remove `static: true`, or choose one time with the stage `select`")
        }
        description.time = nil
      } else {
        let axes = parts.indices.compactMap { index in
          parts[index].field.description.time.map { (axis: $0, file: path(index)) }
        }
        do throws(TimeJoin.Conflict) {
          let join = try TimeJoin(axes)
          (description.time, places) = (join.axis, join.places)
        } catch {
          throw fault(error.cause, file: path(error.piece), variable: name, remedy: error.remedy)
        }
      }
    } else if parts.count > 1 {
      throw fault(
        "the files have no time axis along which they could be joined", file: path(1), variable: name,
        remedy: "make an input of each file")
    }
    let segments = zip(parts, places).map { part, place in
      FileSource.Segment(
        file: datasets[part.file].dataset.file, variable: part.field.variable,
        decoding: part.field.decoding, roles: part.field.roles, times: place)
    }
    return (description, segments.sorted { $0.times.lowerBound < $1.times.lowerBound })
  }
}
