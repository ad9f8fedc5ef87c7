CREATE TABLE clusters (
	id VARCHAR NOT NULL,
	first_seen TIMESTAMP NOT NULL,
	last_seen TIMESTAMP NOT NULL,
	merged_into VARCHAR
);

CREATE TABLE cluster_members (
	cluster VARCHAR NOT NULL,
	member VARCHAR NOT NULL
);

CREATE TABLE cluster_history (
	cluster VARCHAR NOT NULL,
	ordinal BIGINT NOT NULL,
	time TIMESTAMP NOT NULL,
	kind VARCHAR NOT NULL,
	other VARCHAR,
	members BIGINT NOT NULL
);
