enum FileWalker {
  static func walk(_ raw: RawFile, _ policy: ReadPolicy) async throws(FileError) {}
}
