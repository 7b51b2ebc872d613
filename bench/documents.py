#!/usr/bin/env python3
"""Writes API documents as JSON lines: tracks of about 2 kB each, as the SoundCloud API gives them, and some playlists.

    documents.py COUNT [SEED] > documents.jsonl

Invented content, the same for the same arguments. One document in fifty is a playlist of 40 stubs, one in twenty a track
that came before, fetched again with other counts.
"""

import json
import random
import sys

WORDS = (
    "night river glass signal velvet hollow amber static drift paper ocean winter neon quiet broken golden "
    "shadow mirror summer northern electric silent distant burning crystal midnight wooden rising falling"
).split()
GENRES = ["Ambient", "Drum & Bass", "Hip-hop & Rap", "Techno", "House", "Indie", "Jazz", "Dubstep"]


def user(number):
    """An account, the same in every document that names it."""
    name = f"{WORDS[number % len(WORDS)]}{number}"
    return {
        "avatar_url": f"https://i1.sndcdn.com/avatars-{number:012d}-large.jpg",
        "id": number,
        "urn": f"soundcloud:users:{number}",
        "kind": "user",
        "permalink_url": f"https://soundcloud.com/{name}",
        "uri": f"https://api.soundcloud.com/users/soundcloud:users:{number}",
        "username": name,
        "permalink": name,
        "city": ["Berlin", "Lagos", "Kyoto", None][number % 4],
        "country_code": ["DE", "NG", "JP", None][number % 4],
        "followers_count": number * 7919 % 100000,
        "followings_count": number % 2000,
        "track_count": number % 199 + 1,
        "plan": "Free",
    }


def track(random, number, artists):
    title = " ".join(random.sample(WORDS, 3)).title()
    plays = int(10 ** random.uniform(1, 6))
    artist = random.randrange(1, artists + 1)
    return {
        "kind": "track",
        "id": number,
        "urn": f"soundcloud:tracks:{number}",
        "created_at": f"20{random.randrange(10, 26)}/{random.randrange(1, 13):02d}/{random.randrange(1, 29):02d} 12:00:00 +0000",
        "duration": random.randrange(60000, 600000),
        "commentable": True,
        "comment_count": plays // 500,
        "sharing": "public",
        "tag_list": '"deep focus" ' + " ".join(random.sample(WORDS, 3)) + " soundcloud:source=web",
        "streamable": True,
        "embeddable_by": "all",
        "purchase_url": None,
        "genre": random.choice(GENRES),
        "title": title,
        "description": " ".join(random.choice(WORDS) for _ in range(90)),
        "label_name": random.choice([None, "Hollow Records", "Amber Music"]),
        "release_year": 2000 + number % 25,
        "release_month": number % 12 + 1,
        "release_day": number % 28 + 1,
        "license": "all-rights-reserved",
        "uri": f"https://api.soundcloud.com/tracks/soundcloud:tracks:{number}",
        "user": user(artist),
        "permalink_url": f"https://soundcloud.com/a{artist}/t{number}",
        "artwork_url": f"https://i1.sndcdn.com/artworks-{number:012d}-large.jpg",
        "stream_url": f"https://api.soundcloud.com/tracks/soundcloud:tracks:{number}/stream",
        "waveform_url": f"https://wave.sndcdn.com/{number:012d}_m.png",
        "bpm": random.choice([None, 120, 128.5, 174]),
        "isrc": f"QZABC{number % 10**7:07d}",
        "playback_count": plays,
        "favoritings_count": plays // 30,
        "reposts_count": plays // 300,
        "access": "playable",
    }


def playlist(random, number, tracks):
    return {
        "kind": "playlist",
        "id": number,
        "urn": f"soundcloud:playlists:{number}",
        "title": " ".join(random.sample(WORDS, 2)).title(),
        "created_at": "2024/03/04 10:00:00 +0000",
        "last_modified": "2025/03/04 10:00:00 +0000",
        "track_count": 40,
        "tag_list": "focus",
        "sharing": "public",
        "user": user(random.randrange(10**6, 10**6 + 5000)),
        "tracks": [{"id": random.randrange(1, tracks + 1), "kind": "track"} for _ in range(40)],
    }


def main():
    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    source = random.Random(seed)
    artists = max(1, count // 10)
    for number in range(1, count + 1):
        if number % 50 == 0:
            document = playlist(source, number, count)
        elif number % 20 == 0:
            document = track(source, source.randrange(1, number), artists)
        else:
            document = track(source, number, artists)
        sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
