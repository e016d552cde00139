import Basics
import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct FileContentTests {
  @Test func theFastDigestIsThePlainOne() {
    var bytes = [UInt8](repeating: 0, count: 64 * 37)
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 7) }
    for count in [0, 1, 2, 37] {
      var fast: [UInt32] = [1, 2, 3, 4, 5, 6, 7, 0xFFFF_FFFF]
      var plain = fast
      isotach_sha256_blocks(&fast, bytes, count)
      isotach_sha256_blocks_reference(&plain, bytes, count)
      #expect(fast == plain)
    }
    // In pieces of every size.
    let whole = SHA256.hexDigest(of: bytes)
    for step in [1, 63, 64, 65, 200] {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: step) {
        hash.update(Array(bytes[start..<min(start + step, bytes.count)]))
      }
      #expect(SHA256.hex(hash.digest()) == whole, "in steps of \(step)")
    }
  }

  @Test func readsToTheEnd() throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](repeating: 7, count: 600_000)
    try Data(bytes).write(to: folder.url("x"))
    let content = try FileContent.read(folder.path("x"))
    #expect(content.digest == SHA256.hexDigest(of: bytes) && content.stamp.size == 600_000)
    #expect(FileStamp(ofFileAt: folder.path("x")) == content.stamp)
    #expect(FileStamp(ofFileAt: folder.url.path) == nil && FileStamp(ofFileAt: folder.path("y")) == nil)
    for path in [folder.path("y"), folder.url.path, "/dev/null"] {
      #expect(throws: FileError.self) { try FileContent.read(path) }
    }
  }

  @Test func theStampSeesWhatARestoredTimeHides() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("abc", to: "x")
    let before = try #require(FileStamp(ofFileAt: path))
    var times = [timespec(), timespec()]
    for index in 0..<2 {
      times[index].tv_sec = Int(before.modifiedNanoseconds / 1_000_000_000)
      times[index].tv_nsec = Int(before.modifiedNanoseconds % 1_000_000_000)
    }
    usleep(20_000)
    let handle = try FileHandle(forWritingTo: folder.url("x"))
    handle.write(Data("xyz".utf8))
    try handle.close()
    #expect(utimensat(AT_FDCWD, path, times, 0) == 0)
    let after = try #require(FileStamp(ofFileAt: path))
    #expect(after.modifiedNanoseconds == before.modifiedNanoseconds && after.size == before.size)
    #expect(after != before)
  }

  @Test func knowsWhoWrites() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("abc", to: "x")
    guard FileContent.isHeldByWriter(path) == false else { return }  // a file system without leases
    let handle = try FileHandle(forWritingTo: folder.url("x"))
    #expect(FileContent.isHeldByWriter(path) == true)
    try handle.close()
    #expect(FileContent.isHeldByWriter(path) == false)
  }
}
