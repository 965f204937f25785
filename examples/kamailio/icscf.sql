-- What ims_icscf reads at its start: sqlite3 icscf.db < icscf.sql
CREATE TABLE nds_trusted_domains (
    id INTEGER PRIMARY KEY,
    trusted_domain VARCHAR(83) NOT NULL
);
CREATE TABLE s_cscf (
    id INTEGER PRIMARY KEY,
    name VARCHAR(83) NOT NULL,
    s_cscf_uri VARCHAR(83) NOT NULL
);
CREATE TABLE s_cscf_capabilities (
    id INTEGER PRIMARY KEY,
    id_s_cscf INTEGER NOT NULL REFERENCES s_cscf (id),
    capability INTEGER NOT NULL
);

INSERT INTO nds_trusted_domains (id, trusted_domain) VALUES (1, 'ims.test');
INSERT INTO s_cscf (id, name, s_cscf_uri) VALUES
    (1, 'S-CSCF A', 'sip:127.0.0.1:15062'),
    (2, 'S-CSCF B', 'sip:127.0.0.1:15063');
-- Both have capability 1; only B has capability 2.
INSERT INTO s_cscf_capabilities (id, id_s_cscf, capability) VALUES (1, 1, 1), (2, 2, 1), (3, 2, 2);
