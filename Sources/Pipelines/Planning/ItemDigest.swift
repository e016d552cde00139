import Basics
import GridFiles
import Stages

/// What an output is made from, as one number: the bytes of its inputs and models, what the pipeline says, the
/// program. Names of files, times and sizes are no part of it. Every output bears it in its attribute
/// `isotach_digest`; one that bears the digest of what is there now need not be made again.
public struct ItemDigest: Sendable, Hashable {
  /// SHA-256 in hexadecimal.
  public let text: String
  /// The first 16 digits of each of the item's own files.
  let inputs: [String]
  /// The files as they were read.
  let contents: [String: FileContent]

  static let attribute = "isotach_digest"
  /// Of a window: tells an input that was taken away from one that changed.
  static let inputsAttribute = "isotach_inputs"

  func attributes(hasWindow: Bool) -> [Attribute] {
    [Attribute(Self.attribute, text)]
      + (hasWindow ? [Attribute(Self.inputsAttribute, inputs.joined(separator: " "))] : [])
  }

  /// - Throws: `FileError` of kind `changed` when one of the files is no longer what was read.
  func checkUnchanged() throws(FileError) {
    for (path, content) in contents where FileStamp(ofFileAt: path) != content.stamp {
      throw FileError(
        .changed, path: path, "it changed while it was worked on",
        remedy: "run again when nothing writes to it")
    }
  }
}

/// Digests of the items of a pipeline; files that several items share are read once.
actor Digests {
  private let planner: Planner
  private let cache: DigestCache
  private var shared: (hash: SHA256, contents: [String: FileContent])?

  init(_ planner: Planner, cache: DigestCache) { (self.planner, self.cache) = (planner, cache) }

  /// - Throws: what keeps a file of the item from being read. A file that all items need and that is missing is
  ///   found by the planner, with its place.
  func of(_ item: Item) throws(Faults) -> ItemDigest {
    var (hash, contents) = try common()
    hash.update(Array("item \(item.name)\n".utf8))
    var inputs: [String] = []
    for (index, paths) in item.files.sorted(by: { $0.key < $1.key }) {
      hash.update(Array("input \(planner.spec.inputs[index].name) \(paths.count)\n".utf8))
      for path in paths {
        do throws(FileError) {
          let content = try cache.content(path)
          hash.update(Array((content.digest + "\n").utf8))
          inputs.append(String(content.digest.prefix(16)))
          contents[path] = content
        } catch {
          throw Faults(Fault(error, pipeline: planner.spec.path, stage: planner.spec.inputs[index].name))
        }
      }
    }
    // Models that have the item's name in theirs.
    if !planner.spec.itemStages.isEmpty {
      for step in try planner.stages(for: item) where planner.spec.itemStages.contains(step.index) {
        for path in step.stage.files { add(path, to: &hash, &contents) }
      }
    }
    return ItemDigest(text: SHA256.hex(hash.digest()), inputs: inputs, contents: contents)
  }

  /// What all items have in common.
  private func common() throws(Faults) -> (SHA256, [String: FileContent]) {
    if let shared { return shared }
    let spec = planner.spec
    var hash = SHA256()
    var contents: [String: FileContent] = [:]
    hash.update(Array("isotach \(planner.settings.version)\n\(spec.plan)\n".utf8))
    for index in spec.inputs.indices where !isOwn(index) {
      hash.update(Array("shared \(spec.inputs[index].name)\n".utf8))
      for path in try planner.paths(index, .whole) { add(path, to: &hash, &contents) }
    }
    hash.update(Array("files\n".utf8))
    for step in spec.stages where !spec.itemStages.contains(step.index) {
      for path in step.stage.files { add(path, to: &hash, &contents) }
    }
    shared = (hash, contents)
    return (hash, contents)
  }

  private func add(_ path: String, to hash: inout SHA256, _ contents: inout [String: FileContent]) {
    let content = try? cache.content(path)
    hash.update(Array(((content?.digest ?? "missing") + "\n").utf8))
    contents[path] = content
  }

  /// True when each item has its own files of an input.
  private func isOwn(_ index: Int) -> Bool {
    guard planner.spec.hasItems else { return false }
    return planner.spec.windows != nil
      ? !planner.spec.inputs[index].isStatic : index == planner.spec.itemInput
  }
}
