import Basics
import GridFiles
import Grids
import Stages

#if canImport(Glibc)
  import Glibc
#endif

/// Turns a pipeline into plans: opens headers, asks every stage, lays out the outputs and the memory. No data
/// are read.
public struct Planner: Sendable {
  public let spec: PipelineSpec
  public let settings: RunSettings
  let cache = InputCache()

  public init(_ spec: PipelineSpec, _ settings: RunSettings) { (self.spec, self.settings) = (spec, settings) }

  /// The files of an input for an item.
  func paths(_ index: Int, _ item: Item) throws(Faults) -> [String] {
    if let own = item.files[index] { return own }
    return try InputOpening.expand(spec.inputs[index], of: spec)
  }

  /// Where the outputs of an item go.
  func outputPaths(_ item: Item) -> [String] {
    spec.outputs.map { spec.resolved($0.file.path(stem: item.stem)) }
  }

  /// The stages for an item: in their keys `{stem}` and `{window}` stand for its name.
  func stages(for item: Item) throws(Faults) -> [PipelineSpec.Step] {
    guard !spec.itemStages.isEmpty, spec.faults.isEmpty, let name = item.stem else { return spec.stages }
    let named = try spec.named(name)
    guard named.faults.isEmpty else { throw Faults(named.faults) }
    return named.stages
  }

  /// - Throws: everything that is wrong with the item.
  public func plan(_ item: Item) async throws(Faults) -> ItemPlan {
    var faults = spec.faults
    if let fault = item.fault { faults.append(fault) }
    let stages = try stages(for: item)
    var graph = ComputationGraph()
    var nodes: [PipelineSpec.Reference.Target: NodeID] = [:]
    var files: [SourceFile] = []
    var notes: [ItemPlan.Note] = []
    for (index, input) in spec.inputs.enumerated() {
      do throws(Faults) {
        let opened = try await InputOpening(spec: spec, input: input, cache: cache).open(paths(index, item))
        var source = try opened.source.cut(to: item.window, of: input, in: spec)
        // Few large reads: the workers decode the chunks of one.
        if source.output.timeCount * source.output.layerCount < 2 * settings.threads {
          source.workers = settings.threads
        }
        (graph.origin, graph.mark) = (input.name, input.mark)
        nodes[.input(index)] = graph.add(source)
        files += opened.files
        notes += opened.notes.map {
          .init(level: $0.note.level.rawValue, subject: "\($0.file): \($0.note.subject)", text: $0.note.text)
        }
      } catch {
        faults += error.list
      }
    }
    for step in stages {
      var streams: [String: [StageInputs.Stream]] = [:]
      var isComplete = true
      for (key, references) in step.streams {
        for reference in references {
          guard let node = nodes[reference.target] else {
            isComplete = false
            continue
          }
          streams[key, default: []].append(
            .init(
              name: reference.name, node: node, description: graph.description(node), mark: reference.mark))
        }
      }
      // What a failed stage or input would have given is not asked for again.
      guard isComplete else { continue }
      (graph.origin, graph.mark) = (step.name, step.mark)
      do throws(PlanError) {
        nodes[.stage(step.index)] = try step.stage.plan(StageInputs(streams), in: &graph)
      } catch {
        for error in [error] + error.further {
          faults.append(Fault(error, pipeline: spec.path, at: step.mark, stage: step.name))
        }
      }
    }
    notes += unusedNotes()
    let lists = addLists(to: &graph, nodes, paths: outputPaths(item), &faults)
    let effects = graph.effects
    var outputs: [ItemPlan.Output] = []
    var targets: [String] = []
    for (node, effect) in effects {
      let (stage, mark) = (graph.nodes[node.index].origin, graph.nodes[node.index].mark)
      let isNamed = stages.contains { $0.mark == mark && spec.itemStages.contains($0.index) }
      let isList = graph.computation(node) is ListGathered
      if spec.hasItems, !isNamed, !isList, let file = effect.files.first {
        faults.append(
          Fault(
            .badPipeline, "each item would write the same file", pipeline: spec.path, at: file.mark,
            stage: stage, file: file.path,
            remedy: spec.windows == nil ? "put `{stem}` into its name" : "put `{window}` into its name"))
      }
      for file in effect.files {
        faults += targetFaults(file.path, at: file.mark, of: stage, files, others: targets)
        targets.append(file.path)
      }
      if graph.description(node).whole.count == 0 {
        faults.append(
          Fault(.badData, "there is nothing to work on", pipeline: spec.path, at: mark, stage: stage))
      }
    }
    for (index, (output, path)) in zip(spec.outputs, outputPaths(item)).enumerated()
    where !lists.isList(index) {
      faults += targetFaults(path, at: output.fileMark, of: "output", files, others: targets)
      targets.append(path)
      guard var node = nodes[output.input.target] else { continue }
      do throws(GridError) {
        if let times = try item.window?.keptSteps(of: graph.description(node)) {
          (graph.origin, graph.mark) = ("windows", spec.windows?.mark)
          node = graph.pick(times: times, of: node)
        }
        let description = graph.description(node)
        guard description.whole.count > 0 else {
          let empty = description.timeCount == 0 ? "there are no time steps" : "there are no cells"
          faults.append(
            Fault(
              .badData, "\(empty): nothing can be written", pipeline: spec.path, at: output.mark,
              stage: "output", file: path))
          continue
        }
        let header = try EncodedHeader(description, options(output))
        outputs.append(
          .init(
            path: path, mark: output.mark, node: node.index, layout: try OutputLayout(description, header)))
      } catch {
        faults.append(
          Fault(error, pipeline: spec.path, at: output.mark, stage: "output", file: path, code: .badPipeline))
      }
    }
    guard faults.isEmpty else { throw Faults(faults) }
    // The program as it stands, and what its threads and the libraries will want beside the blocks. In a very
    // small allowance that margin gives way: an eighth is for tasks.
    let margin = (4 + 2 * settings.threads) << 20
    let resident = Machine.resident
    let base = min(resident + margin, max(resident, settings.memory - settings.memory / 8))
    // What is counted are blocks and buffers; the allocator and the libraries hold about a seventh more of it.
    let planner = MemoryPlanner(
      graph: graph, outputs: outputs.map { ($0.node, $0.layout) }, threads: settings.threads,
      budget: max(0, (settings.memory - base) / 8 * 7))
    do throws(MemoryPlan.Excess) {
      let memory = try planner.plan()
      return ItemPlan(
        item: item, spec: spec, graph: graph, outputs: outputs,
        lists: lists.outputs, memory: memory, base: base,
        settingsThreads: settings.threads, files: files,
        notes: notes)
    } catch {
      let node = graph.nodes[error.node]
      let needed = base + error.needed / 7 * 8 + 8
      throw Faults(
        Fault(
          .badPipeline,
          "the smallest task needs \(ByteSize.text(needed)) of memory (\(ByteSize.text(base)) for the program itself), "
            + "\(ByteSize.text(settings.memory)) are allowed", pipeline: spec.path, at: node.mark,
          stage: node.origin, remedy: "--memory \((needed + (2 << 20)) >> 20)MiB"))
    }
  }

  func options(_ output: PipelineSpec.Output) -> EncodingOptions {
    var options = EncodingOptions()
    options.metadata = spec.metadata
    let now = RunSettings.isoTime(RunSettings.now)
    options.historyLine = "\(now): isotach \(settings.version) run \(spec.name.escapedForDisplay)"
    options.source = "isotach \(settings.version)"
    options.dateCreated = now
    options.deflate = output.deflate
    options.shuffle = output.deflate != nil
    return options
  }

  private func unusedNotes() -> [ItemPlan.Note] {
    var used = Set<PipelineSpec.Reference.Target>(spec.outputs.map(\.input.target))
    for step in spec.stages { used.formUnion(step.streams.values.joined().map(\.target)) }
    var notes: [ItemPlan.Note] = []
    for (index, input) in spec.inputs.enumerated() where !used.contains(.input(index)) {
      notes.append(
        .init(
          level: "warning", subject: "\(spec.path):\(input.mark)",
          text: "the input `\(input.name)` is not used"))
    }
    for step in spec.stages
    where !used.contains(.stage(step.index)) && !type(of: step.stage).declaration.hasEffect {
      notes.append(
        .init(
          level: "warning", subject: "\(spec.path):\(step.mark)",
          text: "nothing reads the result of `\(step.name)`" + (step.result.map { " (`\($0)`)" } ?? "")))
    }
    return notes
  }

  // MARK: targets

  private func targetFaults(
    _ path: String, at mark: Mark, of stage: String, _ files: [SourceFile], others: [String]
  ) -> [Fault] {
    func fault(_ code: Fault.Code, _ cause: String, _ remedy: String? = nil) -> Fault {
      Fault(code, cause, pipeline: spec.path, at: mark, stage: stage, file: path, remedy: remedy)
    }
    var faults: [Fault] = []
    if others.contains(where: { Self.isSame($0, path) }) {
      faults.append(fault(.badPipeline, "two outputs go to the same file", "give each its own name"))
    }
    var status = stat()
    var isInput = false
    if unsafe stat(path, &status) == 0 {
      isInput = files.contains {
        $0.header.identity.device == UInt64(status.st_dev)
          && $0.header.identity.inode == UInt64(status.st_ino)
      }
    }
    let pattern =
      spec.hasItems
      ? spec.inputs.lazy.filter { !$0.isStatic }.flatMap(\.files).map(\.text)
        .first { Glob.isPattern($0) && Glob.covers(spec.resolved($0), path) } : nil
    if isInput {
      faults.append(fault(.badPipeline, "the output is also an input", "give the output another name"))
    } else if let pattern {
      faults.append(
        fault(
          .badPipeline, "the output would be an input of the next run: it matches `\(pattern)`",
          "write into another folder, or under a name that does not match"))
    } else if unsafe lstat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFLNK:
        faults.append(fault(.cannotWrite, "the output is a symbolic link", "name the file it points to"))
      case S_IFDIR: faults.append(fault(.cannotWrite, "the output is a folder"))
      default: faults.append(fault(.cannotWrite, "the output is no regular file"))
      }
    }
    // A folder that is not there is made by the run; the one above it must allow that.
    var folder = PipelineSpec.folder(of: path)
    while unsafe stat(folder, &status) != 0, errno == ENOENT, folder != "/", folder != "." {
      folder = PipelineSpec.folder(of: folder)
    }
    if unsafe stat(folder, &status) != 0 {
      faults.append(fault(.cannotWrite, "the folder `\(folder)`: \(systemReason(errno))"))
    } else if status.st_mode & S_IFMT != S_IFDIR {
      faults.append(fault(.cannotWrite, "`\(folder)` is no folder"))
    } else if unsafe access(folder, W_OK | X_OK) != 0 {
      faults.append(fault(.cannotWrite, "the folder `\(folder)` cannot be written: \(systemReason(errno))"))
    }
    return faults
  }

  private static func isSame(_ a: String, _ b: String) -> Bool {
    func plain(_ path: String) -> String {
      var parts: [Substring] = []
      for part in path.split(separator: "/") where part != "." {
        if part == "..", let last = parts.last, last != ".." {
          parts.removeLast()
        } else {
          parts.append(part)
        }
      }
      return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
    return plain(a) == plain(b)
  }
}
