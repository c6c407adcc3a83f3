// PostgreSQL's driver for Java, unmodified, asks Weir what programs and tools over it ask; run as `java Jdbc.java PORT SECONDS`.
import java.sql.*;
import java.util.*;

public class Jdbc {
    static void check(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    public static void main(String[] args) throws Exception {
        Properties who = new Properties();
        who.setProperty("user", "me");
        String url = "jdbc:postgresql://127.0.0.1:" + args[0] + "/weir";
        try (Connection connection = DriverManager.getConnection(url, who)) {
            try (PreparedStatement ask = connection.prepareStatement(
                    "SELECT job, value, timestamp, labels FROM served_total WHERE job = ? AND value >= ? ORDER BY timestamp")) {
                for (int i = 0; i < 8; i++) { // The driver prepares on the server what is asked often, and then reads binary.
                    ask.setString(1, "b");
                    ask.setDouble(2, 40.0);
                    try (ResultSet rows = ask.executeQuery()) {
                        check(rows.next(), "a row");
                        check(rows.getDouble("value") == 40.0, "its value");
                        check(rows.getTimestamp("timestamp").getTime() == Math.round(Double.parseDouble(args[1]) * 1000), "its time");
                        check(rows.getString("labels").contains("\"job\":\"b\""), "its labels");
                        check(!rows.next(), "one row");
                    }
                }
            }
            try (PreparedStatement ask = connection.prepareStatement("SELECT count(*) FROM served_total WHERE job = ANY(?)")) {
                ask.setArray(1, connection.createArrayOf("text", new String[] {"a", "b"}));
                try (ResultSet rows = ask.executeQuery()) {
                    check(rows.next() && rows.getLong(1) == 2, "both");
                }
            }
            DatabaseMetaData about = connection.getMetaData();
            Set<String> tables = new HashSet<>();
            try (ResultSet rows = about.getTables(null, "public", "%", new String[] {"TABLE"})) {
                while (rows.next()) tables.add(rows.getString("TABLE_NAME"));
            }
            check(tables.contains("served_total") && tables.contains("samples"), "tables: " + tables);
            List<String> columns = new ArrayList<>();
            try (ResultSet rows = about.getColumns(null, "public", "served_total", "%")) {
                while (rows.next()) columns.add(rows.getString("COLUMN_NAME") + " " + rows.getString("TYPE_NAME"));
            }
            check(columns.contains("value float8") && columns.contains("job text"), "columns: " + columns);
            try (ResultSet rows = about.getSchemas()) { check(rows.next(), "schemas"); }
            try (ResultSet rows = about.getPrimaryKeys(null, "public", "served_total")) { check(!rows.next(), "keys"); }
            try (ResultSet rows = about.getIndexInfo(null, "public", "served_total", false, true)) { check(!rows.next(), "indexes"); }
            // What DBeaver and other tools over JDBC ask besides.
            try (ResultSet rows = about.getImportedKeys(null, "public", "served_total")) { check(!rows.next(), "imported keys"); }
            try (ResultSet rows = about.getExportedKeys(null, "public", "served_total")) { check(!rows.next(), "exported keys"); }
            try (ResultSet rows = about.getCrossReference(null, "public", "served_total", null, "public", "samples")) { check(!rows.next(), "references"); }
            try (ResultSet rows = about.getVersionColumns(null, "public", "served_total")) { while (rows.next()) check(rows.getString("COLUMN_NAME") != null, "a name"); }
            try (ResultSet rows = about.getFunctions(null, "public", "%")) { check(!rows.next(), "functions"); }
            Set<String> types = new HashSet<>();
            try (ResultSet rows = about.getTypeInfo()) { while (rows.next()) types.add(rows.getString("TYPE_NAME")); }
            check(types.contains("float8") && types.contains("timestamptz"), "types: " + types);
            check(about.getSQLKeywords().contains("ilike"), "keywords: " + about.getSQLKeywords());
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            try (Statement ask = connection.createStatement()) {
                ask.setFetchSize(100); // Some rows at a time, by portals.
                long sum = 0;
                try (ResultSet rows = ask.executeQuery("SELECT value FROM generate_series(1, 1000) t(value)")) {
                    while (rows.next()) sum += rows.getLong(1);
                }
                check(sum == 500500, "the sum: " + sum);
            }
            connection.commit();
            connection.setAutoCommit(true);
            try (Statement ask = connection.createStatement()) {
                ask.setQueryTimeout(1); // The driver sends a cancel request.
                ask.executeQuery("SELECT count(*) FROM generate_series(1, 100000000000)");
                throw new AssertionError("an endless query ended");
            } catch (SQLException late) {
                check("57014".equals(late.getSQLState()), late.getSQLState() + " " + late.getMessage());
            }
            try (Statement ask = connection.createStatement()) {
                ask.executeUpdate("DELETE FROM served_total");
                throw new AssertionError("a delete was done");
            } catch (SQLException refused) {
                check("25006".equals(refused.getSQLState()), refused.getSQLState() + " " + refused.getMessage());
            }
            java.io.StringWriter out = new java.io.StringWriter();
            new org.postgresql.copy.CopyManager(connection.unwrap(org.postgresql.core.BaseConnection.class))
                .copyOut("COPY (SELECT job, value FROM served_total ORDER BY job) TO STDOUT WITH (FORMAT csv)", out);
            check(out.toString().equals("a,20\nb,40\n"), out.toString());
        }
        System.out.println("understood");
    }
}
